import { ask, query } from './client';

/** Somebody who goes to places and is on duty. */
export interface Collector {
  person_id: number;
  name: string;
  /** WGS 84. */
  lon: number;
  lat: number;
  accuracy_m: number;
  seen_at: string;
  since: string;
  state: 'present' | 'away';
}

export interface PositionReport {
  lon: number;
  lat: number;
  accuracy_m: number;
  /** When the device found out. */
  at: string;
}

const OWN = '/api/v1/me/position';

export const ownPosition = () => ask<{ on_duty: Collector | null }>('GET', OWN);
export const reportPosition = (report: PositionReport) =>
  ask<{ since: string }>('PUT', OWN, report);
export const leavePosition = () => ask<void>('DELETE', OWN);

export const collector = (id: number) => ask<Collector>('GET', `/api/v1/collectors/${id}`);
/** The nearest first. */
export const nearestCollectors = (at: { lon: number; lat: number }) =>
  ask<{ collectors: (Collector & { distance_m: number })[] }>(
    'GET',
    `/api/v1/collectors${query({ lon: at.lon, lat: at.lat, limit: 100 })}`,
  );
