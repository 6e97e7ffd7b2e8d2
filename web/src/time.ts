import type { Messages } from './i18n/zh';

/**
 * The city's clock. Office hours and deadlines are told in it, whatever zone the browser's
 * machine believes to be in.
 */
const timeZone = 'Asia/Shanghai';
const OFFSET = '+08:00';

/** The city's day of a moment, such as `2026-11-22`. */
export function cityDay(at: Date): string {
  return at.toLocaleDateString('sv', { timeZone });
}

/** The moment that a date field or a date-and-time field means: `2026-11-22T09:30`. */
export function cityMoment(field: string): string {
  const time = field.includes('T') ? field : `${field}T00:00`;
  return new Date(`${time}${OFFSET}`).toISOString();
}

/** Hours, minutes and seconds of a moment. */
export function clockTime(at: Date, locale: string): string {
  return at.toLocaleTimeString(locale, { timeZone, hour12: false });
}

export function shortTime(at: Date, locale: string): string {
  return at.toLocaleTimeString(locale, {
    timeZone,
    hour12: false,
    hour: '2-digit',
    minute: '2-digit',
  });
}

/** Date and time; the year only when it is not this one. */
export function moment(at: string, now: Date, locale: string): string {
  const date = new Date(at);
  const [then, today] = [cityDay(date), cityDay(now)];
  const sameYear = then.slice(0, 4) === today.slice(0, 4);
  const day: Intl.DateTimeFormatOptions = then === today ? {} : { month: 'short', day: 'numeric' };
  return date.toLocaleString(locale, {
    timeZone,
    ...day,
    ...(sameYear ? {} : { year: 'numeric' }),
    hour12: false,
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
  });
}

/** Day, hour and minute, for sentences. */
export function dayAndTime(at: string, locale: string): string {
  return new Date(at).toLocaleString(locale, {
    timeZone,
    month: 'short',
    day: 'numeric',
    hour: '2-digit',
    minute: '2-digit',
    hour12: false,
  });
}

export function day(at: string, locale: string): string {
  return new Date(at).toLocaleDateString(locale, {
    timeZone,
    year: 'numeric',
    month: 'short',
    day: 'numeric',
  });
}

/** How long ago, in the one unit that matters: 3 min, 2 h, 5 d. */
export function age(at: string, nowMs: number, t: Messages['time']): string {
  const minutes = Math.floor((nowMs - Date.parse(at)) / 60_000);
  if (minutes < 1) return t.justNow;
  if (minutes < 60) return t.minutes(minutes);
  if (minutes < 48 * 60) return t.hours(Math.floor(minutes / 60));
  return t.days(Math.floor(minutes / 1440));
}
