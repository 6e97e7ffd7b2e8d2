import { expect, test } from 'vitest';
import { areaText, lengthText } from './measure';

test.each([
  [0.0123, '0.0123 m²'],
  [1234, '1,230 m²'],
  [12_345, '1.23 ha'],
  [123_456, '0.1235 km²'],
  [31_234_567, '31.23 km²'],
])('%f m² is read as %s', (area, text) => {
  expect(areaText(area, 'en')).toBe(text);
});

test('lengths are millimetres below a metre', () => {
  expect([lengthText(456.7, 'en'), lengthText(12_345, 'en')]).toEqual(['460 mm', '12.3 m']);
});
