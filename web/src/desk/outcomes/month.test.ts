import { expect, test } from 'vitest';
import { monthPeriod } from './month';

test('a month begins and ends at midnight of the city, also at the end of a year', () => {
  expect(monthPeriod('2026-11')).toEqual({
    from: '2026-10-31T16:00:00.000Z',
    until: '2026-11-30T16:00:00.000Z',
  });
  expect(monthPeriod('2026-12').until).toBe('2026-12-31T16:00:00.000Z');
});
