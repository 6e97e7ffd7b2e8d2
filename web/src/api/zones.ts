/** Where something must not stay before a camera. */
import { ask } from './client';

export const ZONE_KINDS = ['no_parking', 'pavement', 'shop_front', 'keep_clear'] as const;
export type ZoneKind = (typeof ZONE_KINDS)[number];

/** On a picture: x and y as shares of it, origin top left. */
export type Corner = [number, number];

export interface Zone {
  kind: ZoneKind;
  /** GeoJSON; null: drawn on the picture just now. */
  ground: { type: 'Polygon'; coordinates: [number, number][][] } | null;
  /** Null where the picture cannot show it. */
  corners: Corner[] | null;
  classes: string[] | null;
  /** Days 1 Monday to 7 Sunday, minutes after midnight; null: always. */
  hours: { days: number[]; from_min: number; to_min: number } | null;
}

const path = (cameraId: string) => `/api/v1/cameras/${encodeURIComponent(cameraId)}/zones`;

export const zones = (cameraId: string) => ask<{ zones: Zone[] }>('GET', path(cameraId));
export const saveZones = (cameraId: string, drawn: Zone[]) =>
  ask<{ zones: Zone[] }>('PUT', path(cameraId), { zones: drawn });
