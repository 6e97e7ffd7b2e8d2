import { expect, test } from 'vitest';
import { DEEDS, TOOLS, whyNotTool } from './tools';

test('every tool and every deed has a key of its own', () => {
  const keys = [...TOOLS, ...DEEDS].map(({ key }) => key as string);
  // snapping, the whole, swipe, changes, blink, search, the sheet of keys
  const others = ['n', '0', 'w', 'c', '=', '/', '?'];
  expect(new Set([...keys, ...others]).size).toBe(keys.length + others.length);
});

test('tools that need cells say so', () => {
  expect(whyNotTool('transfer', 1, true)).toBe('chooseFromTo');
  expect(whyNotTool('transfer', 2, true)).toBe(null);
  expect(whyNotTool('takeIn', 2, true)).toBe('chooseOne');
  expect(whyNotTool('cutOut', 1, true)).toBe(null);
  expect(whyNotTool('brush', 0, false)).toBe('chooseOwner');
  expect(whyNotTool('scope', 0, false)).toBe(null);
});
