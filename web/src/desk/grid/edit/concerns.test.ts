import { expect, test } from 'vitest';
import type { Face } from '../partition/types';
import { concernsOf } from './concerns';

const LIMITS = { area_min_m2: 10, area_max_m2: 1000, width_min_mm: 1000 };
const face = (id: number, about: Partial<Face>): Face => ({
  face: id,
  label: '',
  owner: 1,
  duty: null,
  answers: 1,
  ground: 'cell',
  locked: false,
  area_m2: 100,
  parts: 1,
  at: null,
  ...about,
});

test('ground to be decided comes first, the largest of it, and sound cells are not told of', () => {
  const faces = [
    face(1, {}),
    face(2, { area_m2: 3, owner: null }),
    face(3, { ground: 'contested', area_m2: 1 }),
    face(4, { parts: 2 }),
    face(5, { area_m2: 2000 }),
    face(6, { ground: 'unclaimed', area_m2: 70 }),
    face(7, { area_m2: 2 }),
    face(8, { area_m2: 3000 }),
    face(9, { owner: 2 }),
  ];
  expect(
    concernsOf(faces, LIMITS, new Set([2])).map(({ kind, face: { face: id } }) => [kind, id]),
  ).toEqual([
    ['undecided', 6],
    ['undecided', 3],
    ['unowned', 2],
    ['unowned', 9],
    ['apart', 4],
    ['small', 7],
    ['small', 2],
    ['large', 8],
    ['large', 5],
  ]);
});
