import type { CaseRow } from '../api/types';
import type { Filter, Order } from '../situation';

/** What a case is called by its reader; the search looks into these. */
export interface CaseWords {
  className(code: string): string;
  unitName(row: CaseRow): string;
}

function hasWords(row: CaseRow, words: string[], names: CaseWords): boolean {
  const text = [
    `#${row.id}`,
    names.className(row.class),
    names.unitName(row),
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
  | { kind: 'group'; class: string; count: number }
  | { kind: 'case'; row: CaseRow };

/** The rows in reading order; by class, the class with most cases first, each under its header. */
export function arranged(rows: CaseRow[], order: Order): QueueItem[] {
  const sorted = [...rows].sort(newestFirst);
  if (order === 'newest') return sorted.map((row) => ({ kind: 'case', row }));
  return counted(sorted, (row) => row.class).flatMap(([code, count]): QueueItem[] => [
    { kind: 'group', class: code, count },
    ...sorted.filter((row) => row.class === code).map((row): QueueItem => ({ kind: 'case', row })),
  ]);
}
