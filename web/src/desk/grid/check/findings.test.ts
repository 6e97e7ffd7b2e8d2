import { expect, test } from 'vitest';
import { namingField } from '../naming';
import type { Defect, DefectKind } from '../partition/types';
import { kindsOf, ofDefects, placesOf } from './findings';

function defect(kind: DefectKind, area_m2: number, width_mm = 0): Defect {
  return {
    kind,
    cells: [1],
    areas: [],
    geometry: { type: 'MultiPolygon', coordinates: [] },
    bounds: [0, 0, 1, 1],
    area_m2,
    width_mm,
  };
}

test('the gravest come first, and of a kind the largest', () => {
  const found = ofDefects([
    defect('unmatched', 0, 30),
    defect({ invalid_ring: 'spike' }, 0),
    defect('overlap', 2),
    defect('unmatched', 0, 400),
    defect('overlap', 9),
  ]);
  expect(found.map(({ kind, spot }) => [kind, spot.area_m2, spot.width_mm])).toEqual([
    ['overlap', 9, 0],
    ['overlap', 2, 0],
    ['invalid_ring', 0, 0],
    ['unmatched', 0, 400],
    ['unmatched', 0, 30],
  ]);
  expect(placesOf(found).map(({ properties }) => properties.place)).toEqual([0, 1, 2, 3, 4]);
});

test('what does not nest in the level above comes after what is nobody’s', () => {
  const found = ofDefects([
    defect('unfollowed', 0, 900),
    defect('across', 5),
    defect('gap', 1),
    { ...defect('outside', 2), areas: [3] },
  ]);
  expect(found.map(({ kind }) => kind)).toEqual(['gap', 'outside', 'across', 'unfollowed']);
  expect(found[1]!.areas).toEqual([3]);
});

test('kinds are summed up', () => {
  const kinds = kindsOf(ofDefects([defect('gap', 3, 10), defect('gap', 4, 700)]));
  expect(kinds).toEqual([{ kind: 'gap', colour: 'gap', count: 2, area_m2: 7, widest_mm: 700 }]);
});

test('cells are named by what most likely is their name', () => {
  expect(namingField(['id', 'Zone', 'Ward Num', 'Ward Name'])).toBe('Ward Name');
  expect(namingField(['ward', 'zone'])).toBe('ward');
  expect(namingField(['id'])).toBe(null);
});
