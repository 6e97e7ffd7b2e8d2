import type { Messages } from './i18n/zh';

/** Hours, minutes and seconds of a moment, in the browser's time zone. */
export function clockTime(at: Date, locale: string): string {
  return at.toLocaleTimeString(locale, { hour12: false });
}

export function shortTime(at: Date, locale: string): string {
  return at.toLocaleTimeString(locale, { hour12: false, hour: '2-digit', minute: '2-digit' });
}

/** Date and time; the year only when it is not this one. */
export function moment(at: string, now: Date, locale: string): string {
  const date = new Date(at);
  const sameYear = date.getFullYear() === now.getFullYear();
  const sameDay = sameYear && date.toDateString() === now.toDateString();
  const day: Intl.DateTimeFormatOptions = sameDay ? {} : { month: 'short', day: 'numeric' };
  return date.toLocaleString(locale, {
    ...day,
    ...(sameYear ? {} : { year: 'numeric' }),
    hour12: false,
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
  });
}

export function day(at: string, locale: string): string {
  return new Date(at).toLocaleDateString(locale, {
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
