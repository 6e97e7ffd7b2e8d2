import { expect, test } from 'vitest';
import type { CaseRow } from '../../api/types';
import { byPressure, isOf, trayOf } from './lists';

const row = (over: Partial<CaseRow>) =>
  ({
    id: 1,
    state: 'handling',
    pending: null,
    round: 0,
    emergency: false,
    worker_id: null,
    handling_unit: { id: 7, name_zh: '', name_en: '' },
    clock: null,
    ...over,
  }) as CaseRow;
const due = (due_at: string) => ({ due_at }) as CaseRow['clock'];

test.each([
  [{ state: 'dispatched' }, 'receive'],
  [{ state: 'handling' }, 'hand'],
  [{ state: 'quick' }, 'hand'],
  [{ state: 'handling', round: 1 }, 'back'],
  [{ state: 'handling', pending: 'extension' }, 'waiting'],
  [{ state: 'disputed' }, 'waiting'],
  [{ state: 'suspended' }, 'waiting'],
  [{ state: 'checking' }, 'waiting'],
] as [Partial<CaseRow>, string][])('%o is in %s', (over, tray) => {
  expect(trayOf(row(over))).toBe(tray);
});

test('a unit sees its own cases, a worker those given to them', () => {
  const units = new Set([7]);
  expect(isOf(row({}), units, null)).toBe(true);
  expect(isOf(row({ handling_unit: null }), units, null)).toBe(false);
  expect(isOf(row({ worker_id: 4 }), units, 4)).toBe(true);
  expect(isOf(row({ worker_id: 5 }), units, 4)).toBe(false);
  expect(isOf(row({}), new Set([8]), null)).toBe(false);
});

test('an emergency comes before everything, then what is due first, then what is not due', () => {
  const rows = [
    row({ id: 1 }),
    row({ id: 2, clock: due('2026-11-23T09:00:00Z') }),
    row({ id: 3, clock: due('2026-11-22T09:00:00Z') }),
    row({ id: 4, clock: due('2026-11-24T09:00:00Z'), emergency: true }),
    row({ id: 5 }),
  ];
  expect(rows.toSorted(byPressure).map(({ id }) => id)).toEqual([4, 3, 2, 1, 5]);
});
