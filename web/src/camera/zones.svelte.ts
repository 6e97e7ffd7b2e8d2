import { saveZones, type Zone, type ZoneKind, zones } from '../api/zones';
import { Drawing } from './drawing.svelte';

/** The zones of one camera, and the one that is being drawn. */
export class CameraZones extends Drawing {
  drawn = $state.raw<Zone[]>([]);

  constructor(readonly cameraId: string) {
    super();
  }

  async load(): Promise<void> {
    this.drawn = (await zones(this.cameraId)).zones;
  }

  async finish(kind: ZoneKind, hours: Zone['hours']): Promise<void> {
    await this.#save([
      ...this.drawn,
      { kind, ground: null, corners: this.corners, classes: null, hours },
    ]);
    this.cancel();
  }

  async remove(zone: Zone): Promise<void> {
    await this.#save(this.drawn.filter((each) => each !== zone));
  }

  async #save(wanted: Zone[]): Promise<void> {
    this.drawn = (await saveZones(this.cameraId, wanted)).zones;
  }
}

/** 90 → "01:30" */
export const clockTime = (minutes: number): string =>
  `${String(Math.floor(minutes / 60)).padStart(2, '0')}:${String(minutes % 60).padStart(2, '0')}`;

/** "01:30" → 90; null for what is no time. */
export function minutesOf(time: string): number | null {
  const parts = /^([01]\d|2[0-3]):([0-5]\d)$/.exec(time);
  return parts ? Number(parts[1]) * 60 + Number(parts[2]) : null;
}
