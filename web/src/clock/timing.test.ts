import { expect, test } from 'vitest';
import { en } from '../i18n/en';
import { zh } from '../i18n/zh';
import { lampOf, left, limitText, span, urgencyOf } from './timing';

const MIN = 60_000;
const HOUR = 60 * MIN;
const at = (ms: number) => new Date(ms).toISOString();

test.each([
  [0, '0 s'],
  [59_999, '59 s'],
  [14 * MIN, '14 min'],
  [2 * HOUR + 5 * MIN, '2 h 5 min'],
  [2 * HOUR, '2 h'],
  [47 * HOUR + 59 * MIN, '47 h 59 min'],
  [76 * HOUR, '3 d 4 h'],
  [-HOUR, '1 h'],
])('%i ms reads %s', (ms, words) => {
  expect(span(ms, en.work.clock)).toBe(words);
});

test('what is left and what is over are different words', () => {
  expect(left(at(HOUR), 0, zh.work.clock)).toBe('剩 1 小时');
  expect(left(at(0), 90 * MIN, zh.work.clock)).toBe('超 1 小时 30 分');
});

test('a lamp turns at its own moments, to the millisecond', () => {
  const clock = { due_at: at(100), warn_at: at(80) };
  expect([79, 80, 99, 100].map((now) => lampOf(clock, now))).toEqual([
    'green',
    'yellow',
    'yellow',
    'red',
  ]);
  expect(lampOf({ due_at: null, warn_at: null }, 0)).toBeNull();
});

test('limits read as the rules say them', () => {
  expect(limitText(8 * 3600, 'working', en.work.clock)).toBe('1 working day');
  expect(limitText(4 * 3600, 'working', en.work.clock)).toBe('4 h');
  expect(limitText(24 * 3600, 'continuous', en.work.clock)).toBe('24 h');
  expect(limitText(7 * 86_400, 'continuous', zh.work.clock)).toBe('7 天');
});

test('a paused case has no urgency, an overdue one the greatest', () => {
  const clock = { stage: 'handling' as const, warn_at: null, paused: false };
  expect(urgencyOf({ ...clock, due_at: null, paused: true }, 0)).toBe('none');
  expect(urgencyOf({ ...clock, due_at: at(0) }, 1)).toBe('over');
  expect(urgencyOf({ ...clock, due_at: at(29 * MIN) }, 0)).toBe('soon');
  expect(urgencyOf({ ...clock, due_at: at(72 * HOUR) }, 0)).toBe('rest');
});
