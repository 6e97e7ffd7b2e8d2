import { expect, test } from 'vitest';
import type { Position } from '../partition/types';
import { nearestOn, partBetween } from './street';

const STREET: Position[] = [
  [0, 0],
  [1, 0],
  [2, 0],
  [2, 1],
];

test('a pointer beside a street comes to rest on it', () => {
  expect(nearestOn([STREET], [0.5, 0.1])).toEqual([0.5, 0]);
  expect(nearestOn([STREET], [-3, 0])).toEqual([0, 0]);
  expect(
    nearestOn(
      [
        [
          [9, 9],
          [9, 8],
        ],
        STREET,
      ],
      [2.1, 0.5],
    ),
  ).toEqual([2, 0.5]);
  expect(nearestOn([], [0, 0])).toBe(null);
});

test('the part of a street between two places has its corners, in the direction asked for', () => {
  const there = partBetween(STREET, [0.5, 0.2], [2.2, 0.5]);
  expect(there).toEqual([
    [0.5, 0],
    [1, 0],
    [2, 0],
    [2, 0.5],
  ]);
  expect(partBetween(STREET, [2.2, 0.5], [0.5, 0.2])).toEqual(there.toReversed());
});

test('between two places beside the same piece there is no corner', () => {
  expect(partBetween(STREET, [0.2, 1], [0.4, -1])).toEqual([
    [0.2, 0],
    [0.4, 0],
  ]);
});
