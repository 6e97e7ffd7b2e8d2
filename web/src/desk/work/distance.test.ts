import { expect, test } from 'vitest';
import { distanceText, metresBetween } from './distance';

test('a thousandth of a degree of latitude is 111 m, of longitude less by the cosine', () => {
  const here = { lon: 119.92, lat: 32.45 };
  expect(metresBetween(here, { ...here, lat: 32.451 })).toBeCloseTo(111.2, 0);
  expect(metresBetween(here, { ...here, lon: 119.921 })).toBeCloseTo(93.8, 0);
  expect(metresBetween(here, here)).toBe(0);
});

test.each([
  [4.4, '4 m'],
  [96, '96 m'],
  [432, '430 m'],
  [2345, '2.3 km'],
])('%d m', (metres, text) => {
  expect(distanceText(metres, { metres: (n) => `${n} m`, kilometres: (n) => `${n} km` })).toBe(
    text,
  );
});
