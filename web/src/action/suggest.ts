import type { CaseRow, Condition, Offer } from '../api/types';
import type { Values } from './form';

const SENDS: ReadonlySet<string> = new Set(['dispatch']);

/** What suggestions are made of. */
export interface Known {
  row: Pick<CaseRow, 'unit' | 'condition_id'> | null;
  conditions: readonly Condition[];
  /** Whose it is by the rules in force now, where they say so. */
  unitId?: number | null;
}

/**
 * What a form begins with: the unit that the rules name, the class's only condition. Never what
 * somebody has to judge: a result, a reason, a mark.
 */
export function suggestions(offer: Offer, { row, conditions, unitId }: Known): Values {
  const values: Values = {};
  for (const { name, kind } of offer.fields) {
    const unit = unitId ?? row?.unit?.id;
    if (kind === 'unit' && unit && SENDS.has(offer.action)) values[name] = unit;
    if (kind === 'condition') {
      const only = conditions.length === 1 ? conditions[0] : undefined;
      const chosen = conditions.find((each) => each.id === row?.condition_id) ?? only;
      if (chosen) {
        values[name] = chosen.id;
        values.emergency = chosen.emergency;
      }
    }
  }
  return values;
}
