import type { CaseRow } from '../api/types';
import { byUrgency } from '../clock/order';
import { type Urgency, urgencyOf } from '../clock/timing';
import type { Filter, Order } from '../situation';

/** What a case is called by its reader; the search looks into these. */
export interface CaseWords {
  className(code: string): string;
  unitName(row: CaseRow): string;
  stateName(row: CaseRow): string;
  /** Whether it waits for the reader. */
  isMine(row: CaseRow): boolean;
}

function hasWords(row: CaseRow, words: string[], names: CaseWords): boolean {
  const text = [
    `#${row.id}`,
    names.className(row.class),
    names.unitName(row),
    names.stateName(row),
    row.place_text,
    row.text,
    row.cell.code,
    row.camera_id ?? '',
  ]
    .join(' ')
    .toLowerCase();
  return words.every((word) => text.includes(word));
}

/** Whether a case passes the filter; `names` give the text that a person reads. */
export function passes(row: CaseRow, filter: Filter, names: CaseWords): boolean {
  if (filter.class !== null && row.class !== filter.class) return false;
  if (filter.unit !== null && (row.unit?.id ?? 0) !== filter.unit) return false;
  if (filter.cell !== null && row.cell.code !== filter.cell) return false;
  if (filter.camera !== null && row.camera_id !== filter.camera) return false;
  if (filter.state !== null && row.state !== filter.state) return false;
  if (filter.mine && !names.isMine(row)) return false;
  const words = filter.text.toLowerCase().split(/\s+/).filter(Boolean);
  return words.length === 0 || hasWords(row, words, names);
}

const newestFirst = (a: CaseRow, b: CaseRow) =>
  Date.parse(b.opened_at) - Date.parse(a.opened_at) || b.id - a.id;

export function counted<K>(rows: Iterable<CaseRow>, key: (row: CaseRow) => K): [K, number][] {
  const counts = new Map<K, number>();
  for (const row of rows) counts.set(key(row), (counts.get(key(row)) ?? 0) + 1);
  return [...counts].sort((a, b) => b[1] - a[1]);
}

export type QueueItem =
  | { kind: 'group'; of: 'class' | 'urgency'; key: string; count: number }
  | { kind: 'case'; row: CaseRow };

const URGENCIES: readonly Urgency[] = ['over', 'soon', 'today', 'rest', 'none'];

function grouped(of: 'class' | 'urgency', groups: [string, CaseRow[]][]): QueueItem[] {
  return groups.flatMap(([key, rows]): QueueItem[] => [
    { kind: 'group', of, key, count: rows.length },
    ...rows.map((row): QueueItem => ({ kind: 'case', row })),
  ]);
}

/**
 * The rows in reading order. By class, the class with most cases first; by deadline, what is
 * overdue first; each group under its header. `nowMs` is used by deadline only.
 */
export function arranged(rows: CaseRow[], order: Order, nowMs: number): QueueItem[] {
  if (order === 'due') {
    const sorted = [...rows].sort(byUrgency);
    const groups = URGENCIES.map((key): [string, CaseRow[]] => [
      key,
      sorted.filter((row) => urgencyOf(row.clock, nowMs) === key),
    ]);
    return grouped(
      'urgency',
      groups.filter(([, some]) => some.length > 0),
    );
  }
  const sorted = [...rows].sort(newestFirst);
  if (order === 'newest') return sorted.map((row) => ({ kind: 'case', row }));
  return grouped(
    'class',
    counted(sorted, (row) => row.class).map(([code]) => [
      code,
      sorted.filter((row) => row.class === code),
    ]),
  );
}
