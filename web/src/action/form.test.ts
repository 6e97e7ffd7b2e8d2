import { expect, test } from 'vitest';
import type { ActionField, FieldKind } from '../api/types';
import { bodyOf, fenOf, missing, totalFen, yuanOf } from './form';

const field = (name: string, kind: FieldKind, required = true, min?: number): ActionField => ({
  name,
  kind,
  required,
  min,
});

test.each([
  ['0.29', 29],
  ['1.1', 110],
  ['1234567.89', 123456789],
  ['12', 1200],
  [' 3.50 ', 350],
  ['1.005', null],
  ['-1', null],
  ['', null],
  ['1e3', null],
])('%s yuan are %s fen', (yuan, fen) => {
  expect(fenOf(yuan)).toBe(fen);
});

test.each([
  [5, '0.05'],
  [123456, '1234.56'],
  [-150, '-1.50'],
])('%i fen are shown as %s', (fen, yuan) => {
  expect(yuanOf(fen)).toBe(yuan);
});

test('what is missing is named, and blanks do not count', () => {
  const fields = [
    field('reason', 'reason'),
    field('attachments', 'photos', true, 2),
    field('note', 'text', false),
  ];
  expect(missing(fields, { reason: '  ' })).toEqual(['reason', 'attachments']);
  const photo = { id: 1, url: '', width: 1, height: 1 };
  expect(missing(fields, { reason: 'x', attachments: [photo] })).toEqual(['attachments']);
  expect(missing(fields, { reason: 'x', attachments: [photo, { ...photo, id: 2 }] })).toEqual([]);
});

test('an optional amount that is no amount is not sent silently as nothing', () => {
  const fields = [field('estimate_fen', 'money', false)];
  expect(missing(fields, { estimate_fen: '12.345' })).toEqual(['estimate_fen']);
  expect(missing(fields, {})).toEqual([]);
});

test('the body is what the server wants: fen, seconds, ids, degrees, indexes', () => {
  const fields = [
    field('estimate_fen', 'money'),
    field('limit_s', 'number'),
    field('attachments', 'photos'),
    field('position', 'position'),
    field('closing_met', 'checklist'),
    field('precedent', 'flag'),
    field('note', 'text', false),
    field('items', 'items'),
  ];
  const body = bodyOf(fields, {
    estimate_fen: '99.90',
    limit_s: '1.5',
    attachments: [{ id: 8, url: '', width: 1, height: 1 }],
    position: { lon: 119.9, lat: 32.4, accuracy_m: 12 },
    closing_met: ['0', '2'],
    note: '',
    items: [
      { item: ' 井盖 ', quantity: '2', price: '310.5' },
      { item: '', quantity: '', price: '' },
    ],
  });
  expect(body).toEqual({
    estimate_fen: 9990,
    limit_s: 5400,
    attachments: [8],
    lon: 119.9,
    lat: 32.4,
    closing_met: [0, 2],
    precedent: false,
    items: [{ item: '井盖', quantity: 2, unit_price_fen: 31050 }],
  });
});

test('a choice that asks for one at least takes several', () => {
  const fields = [field('reasons', 'choice', true, 1)];
  expect(missing(fields, { reasons: [] })).toEqual(['reasons']);
  expect(bodyOf(fields, { reasons: ['urgent', 'small'] })).toEqual({
    reasons: ['urgent', 'small'],
  });
});

test('the total counts whole lines only', () => {
  const lines = [
    { item: 'a', quantity: '3', price: '0.10' },
    { item: 'b', quantity: '', price: '5' },
  ];
  expect(totalFen(lines)).toBe(30);
  expect(missing([field('items', 'items')], { items: lines })).toEqual(['items']);
});

test('a date and time are the city’s, whatever zone the browser is in', () => {
  const { until } = bodyOf([field('until', 'datetime')], { until: '2026-12-01T08:00' });
  expect(Date.parse(String(until))).toBe(Date.parse('2026-12-01T00:00:00Z'));
});
