import { ask } from '../../api/client';
import type { SessionEntry } from '../admin/api';

const v1 = '/api/v1/session';

export const otherSessions = () => ask<{ sessions: SessionEntry[] }>('GET', `${v1}/others`);
export const endOtherSessions = () => ask<unknown>('DELETE', `${v1}/others`);
export const changePassword = (old: string, next: string) =>
  ask<unknown>('PUT', `${v1}/password`, { old, new: next });
/** Whether one can sign in through another provider, and its name. */
export const provider = () => ask<{ enabled: boolean; name: string }>('GET', `${v1}/oidc`);
export const PROVIDER_START = `${v1}/oidc/start`;
