import type { CalendarDay } from './api';

/** What a day is by the calendar in use, and by the table of exceptions. */
export interface YearDay {
  date: string;
  /** Of the month, from 1. */
  number: number;
  weekend: boolean;
  exception: CalendarDay | null;
  working: boolean;
}

export interface YearMonth {
  month: number;
  /** Empty places before the first day; weeks begin on Monday. */
  offset: number;
  days: YearDay[];
}

const iso = (year: number, month: number, day: number) =>
  `${year}-${String(month).padStart(2, '0')}-${String(day).padStart(2, '0')}`;

/** A year as twelve months of days; nothing here depends on a time zone. */
export function yearOf(year: number, exceptions: readonly CalendarDay[]): YearMonth[] {
  const known = new Map(exceptions.map((day) => [day.date, day]));
  return Array.from({ length: 12 }, (_, index) => {
    const month = index + 1;
    const count = new Date(Date.UTC(year, month, 0)).getUTCDate();
    const weekday = (day: number) => (new Date(Date.UTC(year, index, day)).getUTCDay() + 6) % 7;
    const days = Array.from({ length: count }, (__, i) => {
      const date = iso(year, month, i + 1);
      const weekend = weekday(i + 1) >= 5;
      const exception = known.get(date) ?? null;
      const working = exception ? exception.kind === 'workday' : !weekend;
      return { date, number: i + 1, weekend, exception, working };
    });
    return { month, offset: weekday(1), days };
  });
}

/**
 * The exceptions after a day was pressed: an ordinary day becomes its opposite, an exception
 * becomes ordinary again.
 */
export function toggled(
  exceptions: readonly CalendarDay[],
  day: YearDay,
  name: { name_zh: string; name_en: string },
): CalendarDay[] {
  const others = exceptions.filter((each) => each.date !== day.date);
  if (day.exception) return others;
  const kind = day.weekend ? 'workday' : 'holiday';
  return [...others, { date: day.date, kind, ...name } as CalendarDay].sort((a, b) =>
    a.date.localeCompare(b.date),
  );
}
