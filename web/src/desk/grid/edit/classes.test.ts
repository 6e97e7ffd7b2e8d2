import { expect, test } from 'vitest';
import type { CatalogueClass } from '../../../api/types';
import { scopeIn, scopesOf, subjectsOf } from './classes';

const of = (code: string) => ({ code, kind: 'component', name_zh: '', name_en: '' });
const scopes = scopesOf(['C01037', 'M06042', 'C01001'].map(of) as CatalogueClass[]);

test('a class goes before its group, and all classes are no subject', () => {
  expect(subjectsOf('C01037')).toEqual(['C01037', 'C01']);
  expect(subjectsOf('C01')).toEqual(['C01']);
  expect(subjectsOf('')).toEqual([]);
});

test('groups and classes are offered together and found by their code', () => {
  expect(scopes).toEqual(['C01', 'C01001', 'C01037', 'M06', 'M06042']);
  expect(scopeIn('c01037 Street lamp', scopes)).toBe('C01037');
  expect(scopeIn('M06', scopes)).toBe('M06');
  expect(scopeIn('M07', scopes)).toBe(null);
  expect(scopeIn('', scopes)).toBe(null);
});
