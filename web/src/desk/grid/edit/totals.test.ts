import { expect, test } from 'vitest';
import type { Face, Touched, UnitId } from '../partition/types';
import { shares, totalsAfter, totalsOf } from './totals';

function face(id: number, owner: UnitId | null, area_m2: number): Face {
  const at = null;
  const who = { owner, duty: null, answers: owner };
  return { face: id, label: '', ...who, ground: 'cell', locked: false, area_m2, parts: 1, at };
}

function touched(faces: Face[], gone: number[] = []): Touched {
  const geometry = { type: 'MultiPolygon' as const, coordinates: [] };
  const features = faces.map((properties) => ({ type: 'Feature' as const, geometry, properties }));
  return { faces: { type: 'FeatureCollection', features }, gone, warnings: [] };
}

const FACES = [face(1, 7, 100), face(2, 7, 50), face(3, 8, 30), face(4, null, 9)];
const known = new Map(FACES.map((each) => [each.face, each]));
const before = totalsOf(FACES);

test('what changes is taken away and put back; everything else stays', () => {
  const change = touched([face(2, 8, 60), face(9, null, 5)], [3]);
  const after = totalsAfter(before, known, change);
  const now = new Map(known);
  now.delete(3);
  for (const { properties } of change.faces.features) now.set(properties.face, properties);
  expect(after).toEqual(totalsOf(now.values()));
  expect(before.get(7)).toEqual({ cells: 2, area_m2: 150 });
});

test('an owner who loses everything is still shown, nobody comes last', () => {
  const after = totalsAfter(before, known, touched([face(3, 7, 30)]));
  expect(shares(before, after).map(({ owner, after: { cells } }) => [owner, cells])).toEqual([
    [7, 3],
    [8, 0],
    [null, 1],
  ]);
});
