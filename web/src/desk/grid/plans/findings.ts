import { gridWords } from '../../../i18n/grid';
import { planWords } from '../../../i18n/plans';
import { scopeName } from '../edit/class_names';
import { areaText } from '../measure';
import type { ConcernKind, UnitId } from '../partition/types';
import type { About, Finding, FindingKind } from './api';

/** What a finding says beyond its kind; empty where the kind says it all. `unitName`: of a unit. */
export function aboutText(
  about: About | null | undefined,
  locale: string,
  unitName: (unit: UnitId) => string | null,
): string {
  const t = planWords.t;
  if (!about) return '';
  if ('area' in about) return areaText(about.area.area_m2, locale);
  if ('communities' in about) return t.communities(about.communities);
  if ('unit' in about) {
    const { classes, unit_id } = about.unit;
    const unit = unitName(unit_id) ?? String(unit_id);
    return classes ? `${scopeName(classes)} · ${unit}` : unit;
  }
  if ('route' in about) {
    const { classes, rule_set } = about.route;
    return t.routeOf(rule_set, classes && scopeName(classes));
  }
  return t.codesLeft(about.codes);
}

/** What is the matter with the cell of a finding, where something can be done about it at once. */
const CONCERN_OF: Partial<Record<FindingKind, ConcernKind>> = {
  unclaimed_new: 'undecided',
  unclaimed: 'undecided',
  no_unit: 'unowned',
  owner_absent: 'unowned',
  small: 'small',
  large: 'large',
};

/** What can be done about a rule for some classes is not done with the whole cell. */
export function concernOf({ kind, about }: Finding): ConcernKind | null {
  if (about && 'unit' in about && about.unit.classes !== '') return null;
  return CONCERN_OF[kind] ?? null;
}

/** Kinds of findings with how many there are, in the order they came. */
export function countsOf(findings: readonly Finding[]): [FindingKind, number][] {
  const counts = new Map<FindingKind, number>();
  for (const { kind } of findings) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  return [...counts];
}

export const refusalText = (name: string) =>
  (gridWords.t.refusals as Record<string, string>)[name] ?? name;
