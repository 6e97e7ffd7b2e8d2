import { type District, districts, type UnitEntry, units } from './api';

/** Units and districts, as the administrator's pages choose from them. */
class Organisation {
  units = $state.raw<UnitEntry[]>([]);
  districts = $state.raw<District[]>([]);
  loaded = $state(false);

  async load(): Promise<void> {
    const [found, parts] = await Promise.all([units(), districts()]);
    this.units = found.units;
    this.districts = parts.districts;
    this.loaded = true;
  }
}

export const organisation = new Organisation();
