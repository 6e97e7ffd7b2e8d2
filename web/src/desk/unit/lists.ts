import type { CaseRow } from '../../api/types';

export const UNIT_TRAYS = ['receive', 'hand', 'back', 'waiting'] as const;
export type UnitTray = (typeof UNIT_TRAYS)[number];

/** On which of a unit's trays an open case lies: what is the unit's move, and what is not. */
export function trayOf(row: CaseRow): UnitTray {
  if (row.state === 'dispatched') return 'receive';
  const inHand = row.state === 'handling' || row.state === 'quick';
  if (!inHand || row.pending) return 'waiting';
  return row.round > 0 ? 'back' : 'hand';
}

/** Whether a case is one of these units'; with a worker, whether it was given to them. */
export function isOf(row: CaseRow, units: ReadonlySet<number>, workerId: number | null): boolean {
  if (!row.handling_unit || !units.has(row.handling_unit.id)) return false;
  return workerId === null || row.worker_id === workerId;
}

/** Emergencies first, then what is due first; what has no deadline comes last, oldest first. */
export function byPressure(a: CaseRow, b: CaseRow): number {
  if (a.emergency !== b.emergency) return a.emergency ? -1 : 1;
  const due = (row: CaseRow) => (row.clock?.due_at ? Date.parse(row.clock.due_at) : Infinity);
  const [first, second] = [due(a), due(b)];
  return first === second ? a.id - b.id : first - second;
}
