import { type Corner, saveZones, type Zone, type ZoneKind, zones } from '../api/zones';

/** The zones of one camera, and the one that is being drawn. */
export class CameraZones {
  drawn = $state.raw<Zone[]>([]);
  /** Corners so far; null: nothing is being drawn. */
  corners = $state.raw<Corner[] | null>(null);

  constructor(readonly cameraId: string) {}

  async load(): Promise<void> {
    this.drawn = (await zones(this.cameraId)).zones;
  }

  begin(): void {
    this.corners = [];
  }

  add(corner: Corner): void {
    if (this.corners) this.corners = [...this.corners, corner];
  }

  takeBack(): void {
    if (this.corners) this.corners = this.corners.slice(0, -1);
  }

  cancel(): void {
    this.corners = null;
  }

  async finish(kind: ZoneKind, hours: Zone['hours']): Promise<void> {
    await this.#save([
      ...this.drawn,
      { kind, ground: null, corners: this.corners, classes: null, hours },
    ]);
    this.corners = null;
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
