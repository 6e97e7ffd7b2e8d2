import type { CaseRow, Condition, Offer } from '../api/types';
import type { Values } from './form';

const SENDS: ReadonlySet<string> = new Set(['dispatch', 'uphold']);

/**
 * What a form begins with: the unit that the place's rules name, the class's only condition.
 * Never what somebody has to judge: a result, a reason, a mark.
 */
export function suggestions(
  offer: Offer,
  row: Pick<CaseRow, 'unit' | 'condition_id'> | null,
  conditions: readonly Condition[],
): Values {
  const values: Values = {};
  for (const { name, kind } of offer.fields) {
    if (kind === 'unit' && row?.unit && SENDS.has(offer.action)) values[name] = row.unit.id;
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
