import { editWords } from '../../../i18n/grid_edit';
import { reference } from '../../../shell/reference.svelte';
import { ALL_CLASSES, groupOf, isGroup } from './classes';

/** Classes of a group that are named so that it is recognised. */
const NAMED_MAX = 2;

/** What some classes are called, in the language of the page. */
export function scopeName(scope: string): string {
  const t = editWords.t;
  if (scope === ALL_CLASSES) return t.allClasses;
  if (!isGroup(scope)) return reference.className(scope);
  const classes = reference.allClasses().filter(({ code }) => groupOf(code) === scope);
  const names = classes.slice(0, NAMED_MAX).map(({ code }) => reference.className(code));
  return t.group(scope, names);
}
