/** What administrators ask of the view library (GA/T 1400). */
import { ask, query } from '../../api/client';

const v1 = '/api/v1';

export const COORDINATES = ['wgs84', 'gcj02'] as const;
export type Coordinates = (typeof COORDINATES)[number];

/** In whose name devices may register. */
export interface Access {
  platform_id: number;
  username: string;
  coordinates: Coordinates;
  /** When the password was made. */
  set_at: string;
}

export interface Library {
  server_id: string;
  realm: string;
  keepalive_s: number;
  offline_after_s: number;
  access: Access[];
}

export interface Device {
  /** 20 digits. */
  id: string;
  platform_id: number;
  presence: 'online' | 'offline' | 'unregistered';
  address: string | null;
  registered_at: string | null;
  alive_at: string | null;
  taken: number;
  refused: number;
  last_refusal: string | null;
}

export const library = () => ask<Library>('GET', `${v1}/viid`);
export const devices = (after: string | null) =>
  ask<{ devices: Device[]; next: string | null }>('GET', `${v1}/viid/devices${query({ after })}`);
/** `password`: shown once; null where the old one stays. */
export const saveAccess = (
  platformId: number,
  draft: { username: string; coordinates: Coordinates; renew: boolean },
) => ask<{ password: string | null }>('PUT', `${v1}/platforms/${platformId}/viid`, draft);
export const endAccess = (platformId: number) =>
  ask<void>('DELETE', `${v1}/platforms/${platformId}/viid`);
