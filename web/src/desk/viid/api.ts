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

/** A library of others that the city subscribes to. */
export interface Peer {
  id: number;
  platform_id: number;
  coordinates: Coordinates;
  base_url: string;
  device_id: string;
  username: string;
  resource_uris: string[];
  subscribe_detail: string;
  created_at: string;
  registered_at: string | null;
  alive_at: string | null;
  subscribed_until: string | null;
  last_error: string | null;
  last_error_at: string | null;
  taken: number;
  refused: number;
}

export interface PeerDraft {
  platform_id: number;
  coordinates: Coordinates;
  base_url: string;
  device_id: string;
  username: string;
  password: string;
  resource_uris: string[];
  subscribe_detail: string;
}

export const peers = () => ask<{ peers: Peer[] }>('GET', `${v1}/viid/peers`);
export const addPeer = (draft: PeerDraft) => ask<{ id: number }>('POST', `${v1}/viid/peers`, draft);
export const endPeer = (id: number) => ask<void>('DELETE', `${v1}/viid/peers/${id}`);

/** Snapshots that were asked for (GB/T 28181-2022). */
export interface SnapshotSession {
  session_id: string;
  camera_ids: string[];
  snap_num: number;
  interval_s: number;
  created_at: string;
  expires_at: string;
  finished_at: string | null;
  pictures: { file_id: string; camera_id: string; refusal: string | null }[];
  missing: string[];
}

export interface SnapshotCommand {
  camera_id: string;
  device_config: string;
  device_control: string;
}

export const snapshots = () => ask<{ sessions: SnapshotSession[] }>('GET', `${v1}/snapshots`);
export const askForSnapshots = (draft: {
  camera_ids: string[];
  snap_num: number;
  interval_s: number;
}) =>
  ask<{ session_id: string; upload_url: string; expires_at: string; commands: SnapshotCommand[] }>(
    'POST',
    `${v1}/snapshots`,
    draft,
  );
