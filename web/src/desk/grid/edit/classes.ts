import type { CatalogueClass } from '../../../api/types';

/** All classes without a rule of their own: how a scope of classes is written, as the service does. */
export const ALL_CLASSES = '';
/** Letters of a group's code: the kind and the first two digits of its classes'. */
const GROUP_LETTERS = 3;

export const groupOf = (code: string) => code.slice(0, GROUP_LETTERS);
export const isGroup = (scope: string) => scope.length === GROUP_LETTERS;

/** What the partition is asked about a scope of classes: the class goes before its group. */
export function subjectsOf(scope: string): string[] {
  if (scope === ALL_CLASSES) return [];
  return isGroup(scope) ? [scope] : [scope, groupOf(scope)];
}

/** The scopes that a planner can choose: each group before its classes. */
export function scopesOf(classes: readonly CatalogueClass[]): string[] {
  const codes = classes.map(({ code }) => code);
  return [...new Set(codes.map(groupOf)), ...codes].toSorted();
}

/** The scope that a text begins with, as the list of choices has it; `null` where it is none. */
export function scopeIn(text: string, scopes: readonly string[]): string | null {
  const code = text.trim().split(/\s/, 1)[0]?.toUpperCase() ?? '';
  return scopes.includes(code) ? code : null;
}
