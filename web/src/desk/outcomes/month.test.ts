import { expect, test } from 'vitest';
import { lastMonths, monthName, monthPeriod } from './month';

test('a month begins and ends at midnight of the city, also at the end of a year', () => {
  expect(monthPeriod('2026-11')).toEqual({
    from: '2026-10-31T16:00:00.000Z',
    until: '2026-11-30T16:00:00.000Z',
  });
  expect(monthPeriod('2026-12').until).toBe('2026-12-31T16:00:00.000Z');
});

test('months are counted back over the end of a year and named in the language in use', () => {
  expect(lastMonths('2026-02-14').slice(0, 4)).toEqual([
    '2026-02',
    '2026-01',
    '2025-12',
    '2025-11',
  ]);
  expect(monthName('2025-12', 'zh-CN')).toBe('2025年12月');
  expect(monthName('2025-12', 'en-GB')).toBe('December 2025');
});
