import { expect, test } from 'vitest';
import type { GridPoint, Position } from '../partition/types';
import { placesAlong, withoutRepeats } from './sketch';

test('a point put twice counts once', () => {
  const points: GridPoint[] = [
    [1, 1],
    [1, 1],
    [2, 1],
    [1, 1],
  ];
  expect(withoutRepeats(points)).toEqual([
    [1, 1],
    [2, 1],
    [1, 1],
  ]);
});

test('places lie evenly on a line, however its corners do', () => {
  const line: Position[] = [
    [0, 0],
    [0, 0],
    [1, 0],
    [1.5, 0],
    [4, 0],
  ];
  const places = placesAlong(line);
  expect(places).toHaveLength(24);
  const gaps = places.slice(1).map(([x], index) => x - places[index]![0]);
  for (const gap of gaps) expect(gap).toBeCloseTo(4 / 24, 9);
  expect(places[0]![0]).toBeCloseTo(2 / 24, 9);
  expect(
    placesAlong([
      [1, 1],
      [1, 1],
    ]),
  ).toEqual([]);
});
