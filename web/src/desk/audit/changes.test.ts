import { expect, test } from 'vitest';
import { changesBetween } from './changes';

test('only what differs is a change', () => {
  expect(changesBetween({ name: 'a', kind: 'x' }, { name: 'b', kind: 'x' })).toEqual([
    { field: 'name', before: 'a', after: 'b' },
  ]);
});

test('a new thing has no before, an ended one no after', () => {
  expect(changesBetween(null, { name: 'a' })).toEqual([{ field: 'name', before: '', after: 'a' }]);
  expect(changesBetween({ days: [1, 2] }, null)).toEqual([
    { field: 'days', before: '[1,2]', after: '' },
  ]);
  expect(changesBetween(null, null)).toEqual([]);
});
