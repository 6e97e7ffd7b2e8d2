import { expect, test } from 'vitest';
import type { Condition, Offer } from '../api/types';
import { suggestions } from './suggest';

const unit = { id: 7, name_zh: '环卫', name_en: 'Sanitation' };
const condition = (id: number, emergency = false) => ({ id, emergency }) as Condition;
const offer = (action: string, fields: Offer['fields']): Offer => ({
  action,
  allowed: true,
  refusal: null,
  undo: true,
  fields,
});
const dispatch = offer('dispatch', [{ name: 'unit_id', kind: 'unit', required: true }]);
const file = offer('file', [
  { name: 'condition_id', kind: 'condition', required: true },
  { name: 'emergency', kind: 'flag', required: false },
]);

test('a case is dispatched to whose place it is', () => {
  expect(suggestions(dispatch, { row: { unit, condition_id: null }, conditions: [] })).toEqual({
    unit_id: 7,
  });
  expect(
    suggestions(dispatch, { row: { unit: null, condition_id: null }, conditions: [] }),
  ).toEqual({});
});

test('what the rules say now goes before what was written down when it was opened', () => {
  const known = { row: { unit, condition_id: null }, conditions: [], unitId: 9 };
  expect(suggestions(dispatch, known)).toEqual({ unit_id: 9 });
});

test('nobody is suggested for a reassignment: that is what is in doubt', () => {
  const reassign = { ...dispatch, action: 'reassign' };
  expect(suggestions(reassign, { row: { unit, condition_id: null }, conditions: [] })).toEqual({});
});

test('the only condition is chosen with its emergency, one of two is not', () => {
  const row = { unit, condition_id: null };
  expect(suggestions(file, { row: row, conditions: [condition(3, true)] })).toEqual({
    condition_id: 3,
    emergency: true,
  });
  expect(suggestions(file, { row: row, conditions: [condition(3), condition(4)] })).toEqual({});
});

test('the condition it was filed under before is chosen again', () => {
  const row = { unit, condition_id: 4 };
  expect(suggestions(file, { row: row, conditions: [condition(3), condition(4)] })).toMatchObject({
    condition_id: 4,
  });
});
