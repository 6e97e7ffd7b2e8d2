import { expect, test } from 'vitest';
import { itemAt, offsetsOf } from './rows';
import type { QueueItem } from './select';

const group: QueueItem = { kind: 'group', of: 'class', key: 'M06010', count: 2 };
const row = { kind: 'case' } as QueueItem;

test('headers are lower than cases', () => {
  expect(offsetsOf([group, row, row])).toEqual([0, 28, 72, 116]);
  expect(offsetsOf([])).toEqual([0]);
});

test.each([
  [0, 0],
  [27, 0],
  [28, 1],
  [71, 1],
  [72, 2],
  [115, 2],
  [9999, 2],
])('at height %i lies item %i', (y, expected) => {
  expect(itemAt(offsetsOf([group, row, row]), y)).toBe(expected);
});

test('an empty list has no item but does not fail', () => {
  expect(itemAt([0], 50)).toBe(0);
});
