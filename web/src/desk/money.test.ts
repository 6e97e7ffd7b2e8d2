import { expect, test } from 'vitest';
import { yuan } from './money';

test('money is shown in yuan and never loses a fen', () => {
  expect(yuan(123_456, 'zh-CN')).toBe('1,234.56');
  expect(yuan(5, 'en-GB')).toBe('0.05');
  expect(yuan(-20_000, 'zh-CN')).toBe('-200.00');
});
