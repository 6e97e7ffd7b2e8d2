import type { Calendar, Lamp, RowClock } from '../api/types';
import type { WorkflowWords } from '../i18n/workflow.zh';
import { cityDay } from '../time';

type Words = WorkflowWords['clock'];

const MINUTE_MS = 60_000;
const WORKING_DAY_S = 8 * 3600;
const DAY_S = 24 * 3600;

/** How the clock stands, by its own moments; null while it is paused or where none runs. */
export function lampOf(clock: Pick<RowClock, 'due_at' | 'warn_at'>, nowMs: number): Lamp | null {
  if (clock.due_at === null) return null;
  if (nowMs >= Date.parse(clock.due_at)) return 'red';
  if (clock.warn_at !== null && nowMs >= Date.parse(clock.warn_at)) return 'yellow';
  return 'green';
}

/** A span in its two largest units, never rounded up: 3 d 4 h, 2 h 05 min, 14 min, 40 s. */
export function span(ms: number, t: Words): string {
  const seconds = Math.floor(Math.abs(ms) / 1000);
  if (seconds < 60) return t.seconds(seconds);
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return t.minutes(minutes);
  const hours = Math.floor(minutes / 60);
  const [large, small] =
    hours < 48
      ? [t.hours(hours), minutes % 60 > 0 ? t.minutes(minutes % 60) : '']
      : [t.days(Math.floor(hours / 24)), hours % 24 > 0 ? t.hours(hours % 24) : ''];
  return small ? `${large} ${small}` : large;
}

/** What is left until a moment, or by how much it is over. */
export function left(dueAt: string, nowMs: number, t: Words): string {
  const ms = Date.parse(dueAt) - nowMs;
  return ms >= 0 ? t.left(span(ms, t)) : t.over(span(ms, t));
}

/** A limit as the rules say it: whole working days where it is whole working days. */
export function limitText(limitS: number, calendar: Calendar, t: Words): string {
  if (calendar === 'working' && limitS % WORKING_DAY_S === 0) {
    return t.workingDays(limitS / WORKING_DAY_S);
  }
  if (calendar === 'continuous' && limitS % DAY_S === 0 && limitS > DAY_S) {
    return t.days(limitS / DAY_S);
  }
  return span(limitS * 1000, t);
}

/** In which part of a list sorted by deadline something stands. */
export type Urgency = 'over' | 'soon' | 'today' | 'rest' | 'none';

export function urgencyOf(clock: RowClock | null, nowMs: number): Urgency {
  if (!clock?.due_at) return 'none';
  const ms = Date.parse(clock.due_at) - nowMs;
  if (ms < 0) return 'over';
  if (ms < 30 * MINUTE_MS) return 'soon';
  return cityDay(new Date(clock.due_at)) === cityDay(new Date(nowMs)) ? 'today' : 'rest';
}
