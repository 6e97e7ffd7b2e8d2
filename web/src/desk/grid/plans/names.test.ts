import { expect, test } from 'vitest';
import type { Moved } from '../partition/types';
import { namesOfNew } from './names';

const moved = (from: number, to: number, area_m2: number): Moved => ({
  from,
  to,
  from_label: `c${from}`,
  to_label: '',
  from_owner: null,
  to_owner: null,
  area_m2,
});

test('a merged cell is called after its parts, the pieces of one are numbered', () => {
  const all = [
    moved(1, 10, 50),
    moved(2, 10, 90),
    moved(3, 11, 40),
    moved(3, 12, 60),
    moved(4, 12, 0.2),
    moved(5, 6, 70),
  ];
  expect(namesOfNew(all, new Set([10, 11, 12]))).toEqual([
    [10, 'c2+c1'],
    [11, 'c3/1'],
    [12, 'c3/2'],
  ]);
});
