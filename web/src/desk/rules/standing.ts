import type { RuleSetEntry } from './api';

export type Standing = 'draft' | 'scheduled' | 'in_force' | 'past' | 'withdrawn';

/** Where each rule set stands at a moment: of the approved ones the latest begun is in force. */
export function standings(sets: readonly RuleSetEntry[], now: number): Map<number, Standing> {
  const begun = sets
    .filter((set) => set.state === 'approved' && set.in_force_from !== null)
    .filter((set) => Date.parse(set.in_force_from!) <= now)
    .sort((a, b) => Date.parse(b.in_force_from!) - Date.parse(a.in_force_from!));
  return new Map(
    sets.map((set) => {
      if (set.state !== 'approved') return [set.id, set.state];
      if (set === begun[0]) return [set.id, 'in_force'];
      return [set.id, begun.includes(set) ? 'past' : 'scheduled'];
    }),
  );
}
