import { expect, test } from 'vitest';
import { durationOf, secondsOf } from './duration';

test.each([
  [900, 'continuous', { amount: 15, unit: 'minute' }],
  [2 * 3600, 'continuous', { amount: 2, unit: 'hour' }],
  [24 * 3600, 'continuous', { amount: 24, unit: 'hour' }],
  [48 * 3600, 'continuous', { amount: 2, unit: 'day' }],
  [24 * 3600, 'working', { amount: 3, unit: 'day' }],
  [4 * 3600, 'working', { amount: 4, unit: 'hour' }],
  [365 * 24 * 3600, 'continuous', { amount: 365, unit: 'day' }],
] as const)('%d s of %s time', (seconds, calendar, duration) => {
  expect(durationOf(seconds, calendar)).toEqual(duration);
  expect(secondsOf(duration, calendar)).toBe(seconds);
});
