import { expect, test } from 'vitest';
import { closingLines, closingsFrom } from './closings';

test('lines of both languages are joined one by one', () => {
  const closings = closingsFrom('井盖补齐\n\n 周边清理 \n', 'Cover replaced\nSurroundings cleared');
  expect(closings).toEqual([
    { zh: '井盖补齐', en: 'Cover replaced' },
    { zh: '周边清理', en: 'Surroundings cleared' },
  ]);
  expect(closingLines(closings, 'zh')).toBe('井盖补齐\n周边清理');
});

test('a missing translation stays visibly empty', () => {
  expect(closingsFrom('一\n二', 'one')).toEqual([
    { zh: '一', en: 'one' },
    { zh: '二', en: '' },
  ]);
});
