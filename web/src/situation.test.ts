import { expect, test } from 'vitest';
import { hashOf, NO_FILTER, type Situation, situationFrom } from './situation';

const everything: Situation = {
  page: 'map',
  path: [],
  tab: null,
  view: { lon: 119.92001, lat: 32.45, zoom: 15.25 },
  caseId: 42,
  cameraId: null,
  filter: {
    class: 'M06042',
    unit: 0,
    cell: '321202001001001',
    camera: 'CAM-01',
    state: 'filed',
    mine: true,
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
    tab: null,
    view: null,
    caseId: null,
    cameraId: null,
    filter: NO_FILTER,
    order: 'newest',
  });
  expect(hashOf(plain)).toBe('#/map');
});

test('a desk’s address holds its part and its case, a case’s page its number', () => {
  const desk = situationFrom('#/operator?tab=review&case=7');
  expect([desk.page, desk.tab, desk.caseId]).toEqual(['operator', 'review', 7]);
  expect(hashOf(desk)).toBe('#/operator?tab=review&case=7');
  const full = situationFrom('#/case/203655');
  expect([full.page, full.caseId]).toEqual(['case', 203655]);
  expect(hashOf(full)).toBe('#/case/203655');
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
