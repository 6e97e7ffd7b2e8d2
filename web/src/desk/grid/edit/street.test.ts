import { expect, test } from 'vitest';
import type { Position } from '../partition/types';
import { byDistance, crossingWith, joined, nearestOn, partBetween, wayAlong } from './street';

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

test('a street and a border cross in one place, the nearest of several', () => {
  const border: [Position, Position] = [
    [1.5, -1],
    [1.5, 3],
  ];
  expect(crossingWith([STREET], border, [1.4, 0.1])).toEqual([1.5, 0]);
  const back: Position[] = [
    [3, 1],
    [0, 1],
  ];
  expect(crossingWith([STREET, back], border, [1.4, 0.9])).toEqual([1.5, 1]);
  // beyond the end of the street, beyond the end of the border
  const short: Position[] = STREET.slice(0, 2);
  const between = (...ends: [Position, Position]) => crossingWith([short], ends, [1, 0]);
  expect(between([5, -1], [5, 1])).toBe(null);
  expect(between([0.5, 1], [0.5, 2])).toBe(null);
  expect(between([0.5, -1], [0.5, 2])).toEqual([0.5, 0]);
});

test('a street that tiles have cut into overlapping pieces is one again, whichever way they run', () => {
  const line: Position[] = [0, 1, 2, 3, 4, 5].map((x) => [x, 0]);
  const [west, east] = [line.slice(0, 4), line.slice(2)];
  for (const pieces of [
    [west, east],
    [east, west],
    [west.toReversed(), east],
    [west, east.toReversed()],
  ]) {
    const [whole, ...more] = joined(pieces);
    expect(more).toEqual([]);
    const eastwards = whole![0]![0] < whole!.at(-1)![0] ? whole! : whole!.toReversed();
    expect(eastwards[0]).toEqual([0, 0]);
    expect(eastwards.at(-1)).toEqual([5, 0]);
    const steps = eastwards.slice(1).map(([x], index) => x - eastwards[index]![0]);
    expect(Math.min(...steps), 'it never runs back').toBeGreaterThanOrEqual(0);
  }
  expect(
    joined([
      line,
      [
        [0, 9],
        [9, 9],
      ],
    ]),
  ).toHaveLength(2);
});

test('the way along a street is there between places beside it and nowhere else', () => {
  expect(wayAlong([STREET], [0.5, 0.01], [2.01, 0.5], 0.02)).toEqual(
    partBetween(STREET, [0.5, 0], [2, 0.5]),
  );
  expect(wayAlong([STREET], [0.5, 0.01], [3, 0.5], 0.02)).toBe(null);
});

test('the nearest street comes first', () => {
  const other = {
    name: 'other',
    lines: [
      [
        [0, 1],
        [1, 1],
      ],
    ] as Position[][],
  };
  const street = { name: 'street', lines: [STREET] };
  expect(byDistance([other, street], [0.5, 0.2]).map(({ name }) => name)).toEqual([
    'street',
    'other',
  ]);
});
