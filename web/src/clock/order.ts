import type { CaseRow } from '../api/types';

const NEVER = Number.POSITIVE_INFINITY;
const due = (row: CaseRow) => (row.clock?.due_at ? Date.parse(row.clock.due_at) : NEVER);

/** What is due first comes first; what has no deadline follows by age, the oldest first. */
export function byUrgency(a: CaseRow, b: CaseRow): number {
  const [x, y] = [due(a), due(b)];
  if (x !== y) return x - y;
  return Date.parse(a.opened_at) - Date.parse(b.opened_at) || a.id - b.id;
}
