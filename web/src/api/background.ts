/** What stands before a camera: the median of its pictures over some minutes. */
import { ask } from './client';

export const PHASES = ['not_needed', 'no_room', 'filling', 'ready'] as const;
export type Phase = (typeof PHASES)[number];

export const ORIGINS = ['first', 'light', 'person'] as const;
export type Origin = (typeof ORIGINS)[number];

/** Something that stands where nothing stood. */
export interface Standing {
  /** Left, top, right, bottom as shares of the picture. */
  box: [number, number, number, number];
  since: string;
  lon: number | null;
  lat: number | null;
  width_m: number | null;
}

export interface Background {
  phase: Phase;
  taken: number;
  needed: number;
  median_at: string | null;
  reference: { origin: Origin; set_at: string; followed_at: string } | null;
  standing: Standing[];
}

const path = (cameraId: string) => `/api/v1/cameras/${encodeURIComponent(cameraId)}/background`;

export const background = (cameraId: string) => ask<Background>('GET', path(cameraId));
export const setReference = (cameraId: string) =>
  ask<Background>('PUT', `${path(cameraId)}/reference`);
/** `of`: what it shows changes with this moment only. */
export const backgroundUrl = (cameraId: string, which: 'median' | 'reference', of: string) =>
  `${path(cameraId)}/${which}?${encodeURIComponent(of)}`;
