import { inject } from 'vitest';
import type { City } from './city';

/** Of the city that is this worker's alone. */
export function here<Key extends keyof City>(key: Key): City[Key] {
  const worker = Number(process.env.VITEST_POOL_ID);
  const city = inject('cities')[worker - 1];
  if (!city) throw new Error(`there is no city for worker ${worker}`);
  return city[key];
}
