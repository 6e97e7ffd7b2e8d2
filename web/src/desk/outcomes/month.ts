import { cityMoment } from '../../time';
import type { Period } from './api';

/** Months that can be looked at. */
const MONTHS = 36;

/** The month of a day and those before, newest first, as `2026-11`. */
export function lastMonths(day: string): string[] {
  const [year, month] = day.split('-').map(Number) as [number, number];
  return Array.from({ length: MONTHS }, (_, back) => {
    const number = year * 12 + month - 1 - back;
    return `${Math.floor(number / 12)}-${String((number % 12) + 1).padStart(2, '0')}`;
  });
}

/** A month in the language in use, whatever the browser's is. */
export function monthName(month: string, locale: string): string {
  return new Date(`${month}-01T00:00:00Z`).toLocaleDateString(locale, {
    year: 'numeric',
    month: 'long',
    timeZone: 'UTC',
  });
}

/** A month, `2026-11`, from its first moment to that of the next. */
export function monthPeriod(month: string): Period {
  const [year, number] = month.split('-').map(Number) as [number, number];
  const next = number === 12 ? `${year + 1}-01` : `${year}-${String(number + 1).padStart(2, '0')}`;
  return { from: cityMoment(`${month}-01`), until: cityMoment(`${next}-01`) };
}
