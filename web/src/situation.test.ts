import { expect, test } from 'vitest';
import { hashOf, NO_FILTER, type Situation, situationFrom } from './situation';

const everything: Situation = {
  page: 'map',
  path: [],
  view: { lon: 119.92001, lat: 32.45, zoom: 15.25 },
  caseId: 42,
  cameraId: null,
  filter: {
    class: 'M06042',
    unit: 0,
    cell: '321202001001001',
    camera: 'CAM-01',
    text: '垃圾 & 3/4',
  },
  order: 'class',
};

test('an address holds the whole situation', () => {
  expect(situationFrom(hashOf(everything))).toEqual(everything);
});

test('the plain address is the whole city', () => {
  const plain = situationFrom('');
  expect(plain).toEqual({
    page: 'map',
    path: [],
    view: null,
    caseId: null,
    cameraId: null,
    filter: NO_FILTER,
    order: 'newest',
  });
  expect(hashOf(plain)).toBe('#/map');
});

test.each([
  '#/map?at=99/32/119',
  '#/map?at=15/132/119',
  '#/map?at=x',
  '#/map?case=abc&unit=1.5',
  '#/nowhere',
])('nonsense in %s is ignored', (hash) => {
  expect(hashOf(situationFrom(hash))).toBe('#/map');
});

test('a page with places of its own keeps them in the address', () => {
  const inside = situationFrom('#/platforms/rules/3');
  expect(inside).toMatchObject({ page: 'platforms', path: ['rules', '3'] });
  expect(hashOf(inside)).toBe('#/platforms/rules/3');
});
