import type { Calendar } from '../api/types';

export type DurationUnit = 'minute' | 'hour' | 'day';

/** A limit as people say it: an amount of one unit of its calendar. */
export interface Duration {
  amount: number;
  unit: DurationUnit;
}

/** A working day has eight hours, a continuous one twenty-four. */
export function secondsIn(unit: DurationUnit, calendar: Calendar): number {
  if (unit === 'minute') return 60;
  if (unit === 'hour') return 3600;
  return calendar === 'working' ? 8 * 3600 : 24 * 3600;
}

/** The largest unit that says it without a fraction; 24 hours stay hours, as the regulation has it. */
export function durationOf(seconds: number, calendar: Calendar): Duration {
  const day = secondsIn('day', calendar);
  const inDays = seconds % day === 0 && (calendar === 'working' || seconds > day);
  const unit = inDays ? 'day' : seconds % 3600 === 0 ? 'hour' : 'minute';
  return { amount: Math.round(seconds / secondsIn(unit, calendar)), unit };
}

export function secondsOf({ amount, unit }: Duration, calendar: Calendar): number {
  return Math.round(amount * secondsIn(unit, calendar));
}
