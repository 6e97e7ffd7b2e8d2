/** Parts of a camera's picture that nobody may see. */
import { ask } from './client';
import type { Corner } from './zones';

export interface Mask {
  corners: Corner[];
}

const path = (cameraId: string) => `/api/v1/cameras/${encodeURIComponent(cameraId)}/masks`;

export const masks = (cameraId: string) => ask<{ masks: Mask[] }>('GET', path(cameraId));
export const saveMasks = (cameraId: string, drawn: Mask[]) =>
  ask<{ masks: Mask[] }>('PUT', path(cameraId), { masks: drawn });
