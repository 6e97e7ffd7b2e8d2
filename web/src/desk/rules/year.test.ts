import { expect, test } from 'vitest';
import type { CalendarDay } from './api';
import { toggled, yearOf } from './year';

const spring: CalendarDay[] = [
  { date: '2026-02-17', kind: 'holiday', name_zh: '春节', name_en: 'Spring Festival' },
  { date: '2026-02-28', kind: 'workday', name_zh: '调休', name_en: 'Make-up workday' },
];
const name = { name_zh: '假', name_en: 'Day off' };
const dayOf = (exceptions: CalendarDay[], date: string) =>
  yearOf(2026, exceptions)
    .flatMap(({ days }) => days)
    .find((day) => day.date === date)!;

test('a year has its days under the right weekday', () => {
  const months = yearOf(2026, []);
  expect(months.map(({ days }) => days.length)).toEqual([
    31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31,
  ]);
  // 1 January 2026 is a Thursday, 1 February a Sunday
  expect(months[0]!.offset).toBe(3);
  expect(months[1]!.offset).toBe(6);
  expect(yearOf(2028, [])[1]!.days).toHaveLength(29);
});

test('a holiday rests, a make-up workday on a Saturday works', () => {
  expect(dayOf(spring, '2026-02-17').working).toBe(false);
  expect(dayOf(spring, '2026-02-28')).toMatchObject({ weekend: true, working: true });
  expect(dayOf(spring, '2026-02-27').working).toBe(true);
  expect(dayOf(spring, '2026-02-22').working).toBe(false);
});

test('pressing a day makes it its opposite, pressing it again takes that back', () => {
  const monday = dayOf([], '2026-03-02');
  const off = toggled([], monday, name);
  expect(off).toEqual([{ date: '2026-03-02', kind: 'holiday', ...name }]);
  expect(toggled(off, dayOf(off, '2026-03-02'), name)).toEqual([]);
  const saturday = toggled(off, dayOf(off, '2026-01-03'), name);
  expect(saturday.map(({ date, kind }) => [date, kind])).toEqual([
    ['2026-01-03', 'workday'],
    ['2026-03-02', 'holiday'],
  ]);
});
