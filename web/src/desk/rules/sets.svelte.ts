import { ruleSets as ask, type RuleSetEntry } from './api';

/** Every rule set the person may read, in the server's order. */
class RuleSetList {
  list = $state.raw<RuleSetEntry[] | null>(null);

  async load(): Promise<void> {
    this.list = (await ask()).sets;
  }
}

export const ruleSets = new RuleSetList();
