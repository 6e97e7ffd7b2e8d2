import { expect, test } from 'vitest';
import { validityAt } from './validity';

const now = Date.parse('2026-11-22T12:00:00Z');
const day = 86_400_000;
const at = (offset: number) => new Date(now + offset).toISOString();

test.each([
  [{ from: at(-day), to: null }, 'now'],
  [{ from: null, to: null }, 'now'],
  [{ from: at(-2 * day), to: at(-day) }, 'past'],
  [{ from: at(-day), to: at(0) }, 'past'],
  [{ from: at(day), to: null }, 'later'],
] as const)('%o is %s', (span, validity) => {
  expect(validityAt(span, now)).toBe(validity);
});
