import { expect, test } from 'vitest';
import { facesOf, nameOf } from './types';

const polygon = { exterior: [], holes: [] };

test('ground that comes from or goes to the outside is called so', () => {
  expect(nameOf({ transfer: { polygon, from: null, to: 3 } })).toBe('take_in');
  expect(nameOf({ transfer: { polygon, from: 3, to: null } })).toBe('cut_out');
  expect(nameOf({ transfer: { polygon, from: 3, to: 4 } })).toBe('transfer');
  expect(nameOf({ settle: { face: 3 } })).toBe('settle');
  expect(facesOf({ redraw_scope: { scope: [], to: 5 } })).toEqual([5]);
  expect(facesOf({ redraw_scope: { scope: [], to: null } })).toEqual([]);
});
