import { expect, test } from 'vitest';
import type { RuleSetEntry } from './api';
import { standings } from './standing';

const set = (id: number, state: RuleSetEntry['state'], from: string | null) =>
  ({ id, state, in_force_from: from }) as RuleSetEntry;

test('one rule set is in force: the approved one that began last', () => {
  const sets = [
    set(1, 'approved', '2026-01-01T00:00:00Z'),
    set(2, 'approved', '2026-06-01T00:00:00Z'),
    set(3, 'approved', '2027-01-01T00:00:00Z'),
    set(4, 'draft', null),
    set(5, 'withdrawn', null),
  ];
  const standing = standings(sets, Date.parse('2026-11-22T00:00:00Z'));
  expect([...standing.values()]).toEqual(['past', 'in_force', 'scheduled', 'draft', 'withdrawn']);
});
