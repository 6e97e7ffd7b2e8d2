import type { Other } from '../edit/others';
import type { FaceId } from '../partition/types';
import { bePresent, type Company } from './api';

/** Between two looks; whoever is silent for thirty seconds is gone. */
const ASK_EVERY_MS = 8_000;
/** A choice of cells is told once it rests. */
const REST_MS = 600;

/** Who else is at a plan and at its cells, as long as the plan is open. */
export class PlanCompany {
  now = $state.raw<Company | null>(null);
  readonly others = $derived.by((): Other[] => {
    const here = (this.now?.people ?? []).map(({ person, faces }) => ({
      who: person.name,
      where: '',
      faces: new Set(faces),
    }));
    const beside = (this.now?.plans ?? []).map(({ title, author, faces }) => ({
      who: author.name,
      where: title,
      faces: new Set(faces),
    }));
    return [...here, ...beside];
  });
  private chosen: readonly FaceId[] = [];
  /** A service that is busy with a large plan is not asked once more meanwhile. */
  private telling = false;
  private untold = false;
  private readonly clock: ReturnType<typeof setInterval>;
  private resting: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly id: number) {
    this.clock = setInterval(() => void this.tell(), ASK_EVERY_MS);
    void this.tell();
  }

  /** The cells that are chosen here. */
  chose(faces: readonly FaceId[]): void {
    this.chosen = faces;
    clearTimeout(this.resting);
    this.resting = setTimeout(() => void this.tell(), REST_MS);
  }

  /** A hint that does not come is no failure of the plan; the next one may. */
  private async tell(): Promise<void> {
    this.untold = true;
    if (this.telling) return;
    this.telling = true;
    while (this.untold) {
      this.untold = false;
      this.now = await bePresent(this.id, this.chosen).catch(() => this.now);
    }
    this.telling = false;
  }

  end(): void {
    clearInterval(this.clock);
    clearTimeout(this.resting);
  }
}
