import { expect, test } from 'vitest';
import { boundsOf, cameraIcon, ellipsePolygon } from './shapes';

const place = { lon: 119.92, lat: 32.45 };
/** At 32.45° north, from the ellipsoid's radii of curvature. */
const M_PER_DEG = { lon: 94030, lat: 110893 };

function metres([lon, lat]: number[]): [east: number, north: number] {
  return [(lon! - place.lon) * M_PER_DEG.lon, (lat! - place.lat) * M_PER_DEG.lat];
}

test.each([
  [0, [0, 8]],
  [90, [8, 0]],
  [45, [8 * Math.SQRT1_2, 8 * Math.SQRT1_2]],
])('an ellipse bearing %s° points there', (bearing_deg, tip) => {
  const { coordinates } = ellipsePolygon(place, { semi_major_m: 8, semi_minor_m: 3, bearing_deg });
  const [east, north] = metres(coordinates[0]![0]!);
  expect(east).toBeCloseTo(tip[0]!, 1);
  expect(north).toBeCloseTo(tip[1]!, 1);
});

test('an ellipse is closed and never farther than its axes', () => {
  const ring = ellipsePolygon(place, { semi_major_m: 8, semi_minor_m: 3, bearing_deg: 30 })
    .coordinates[0]!;
  expect(ring[0]).toEqual(ring.at(-1));
  const distances = ring.map((corner) => Math.hypot(...metres(corner)));
  expect(Math.max(...distances)).toBeCloseTo(8, 1);
  expect(Math.min(...distances)).toBeCloseTo(3, 1);
});

test('the bounds hold every place, and nothing has none', () => {
  expect(boundsOf([place, { lon: 119.9, lat: 32.5 }])).toEqual([119.9, 32.45, 119.92, 32.5]);
  expect(boundsOf([])).toBeNull();
});

test('a silent camera is drawn as silent whatever else is wrong with it', () => {
  const since = '2026-11-29T08:00:00Z';
  expect(cameraIcon({ conditions: [] })).toBe('camera');
  expect(cameraIcon({ conditions: [{ condition: 'moved', since }] })).toBe('camera-ill');
  const both = [
    { condition: 'moved', since },
    { condition: 'offline', since },
  ] as const;
  expect(cameraIcon({ conditions: [...both] })).toBe('camera-offline');
});
