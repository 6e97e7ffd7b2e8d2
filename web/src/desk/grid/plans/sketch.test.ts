import { expect, test } from 'vitest';
import { boxOf, pathOf } from './sketch';

const square = (west: number, south: number, side: number): GeoJSON.MultiPolygon => ({
  type: 'MultiPolygon',
  coordinates: [
    [
      [
        [west, south],
        [west + side, south],
        [west + side, south + side],
        [west, south],
      ],
    ],
  ],
});

test('borders are drawn in one box, north above', () => {
  const borders = [square(0, 0, 1), square(1, 1, 1)];
  expect(boxOf(borders)).toEqual([0, 0, 2, 2]);
  expect(boxOf([])).toBeNull();
  expect(pathOf(square(0, 0, 2), [0, 0, 2, 2], 100)).toBe(
    'M0.0 100.0L100.0 100.0L100.0 0.0L0.0 100.0Z',
  );
});
