import type { Role } from '../api/types';

/** Who sends collectors and checkers, and so sees where they are. */
export const SENDERS: readonly Role[] = [
  'operator',
  'duty_chief',
  'dispatcher',
  'district_dispatcher',
  'leader',
  'committee',
];
