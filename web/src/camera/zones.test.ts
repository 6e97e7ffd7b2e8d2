import { expect, test } from 'vitest';
import { clockTime, minutesOf } from './zones.svelte';

test('minutes of a day and their time of day are the same', () => {
  expect(clockTime(90)).toBe('01:30');
  for (let minutes = 0; minutes < 1440; minutes++) {
    expect(minutesOf(clockTime(minutes))).toBe(minutes);
  }
});

test('what is no time of day is none', () => {
  for (const text of ['', '24:00', '9:00', '12:60', '12:5']) expect(minutesOf(text)).toBeNull();
});
