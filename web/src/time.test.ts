import { expect, test } from 'vitest';
import { en } from './i18n/en';
import { zh } from './i18n/zh';
import { age, cityDay, cityMoment, clockTime, moment } from './time';

const now = Date.parse('2026-11-22T12:00:00Z');

test.each([
  ['2026-11-22T11:59:01Z', '刚刚', 'just now'],
  ['2026-11-22T11:57:00Z', '3 分钟', '3 min'],
  ['2026-11-22T11:00:00Z', '1 小时', '1 h'],
  ['2026-11-20T12:01:00Z', '47 小时', '47 h'],
  ['2026-11-20T12:00:00Z', '2 天', '2 d'],
  ['2026-11-22T12:00:30Z', '刚刚', 'just now'],
])('the age of %s is %s', (at, inChinese, inEnglish) => {
  expect(age(at, now, zh.time)).toBe(inChinese);
  expect(age(at, now, en.time)).toBe(inEnglish);
});

test('time is the city’s, wherever the browser is', () => {
  const evening = new Date('2026-11-22T16:30:05Z');
  expect(cityDay(evening)).toBe('2026-11-23');
  expect(clockTime(evening, 'zh-CN')).toBe('00:30:05');
  expect(cityMoment('2026-11-23T00:30')).toBe('2026-11-22T16:30:00.000Z');
  expect(cityMoment('2026-11-23')).toBe('2026-11-22T16:00:00.000Z');
});

test('a moment names its day unless it is today, by the city’s calendar', () => {
  const today = new Date('2026-11-22T16:30:00Z');
  expect(moment('2026-11-23T01:00:00Z', today, 'zh-CN')).toBe('09:00:00');
  expect(moment('2026-11-22T15:00:00Z', today, 'zh-CN')).toContain('22');
});
