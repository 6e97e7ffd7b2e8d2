import { ruleSets as ask, type RuleSetEntry } from './api';

/** Every rule set, the newest first. */
class RuleSetList {
  list = $state.raw<RuleSetEntry[] | null>(null);

  async load(): Promise<void> {
    this.list = (await ask()).rule_sets.toSorted((a, b) => b.id - a.id);
  }
}

export const ruleSets = new RuleSetList();
