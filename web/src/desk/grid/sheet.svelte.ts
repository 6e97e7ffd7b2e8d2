import { namingField } from './naming';
import { PartitionClient } from './partition/client';
import type {
  Bounds,
  Conflict,
  Coordinates,
  Defect,
  FaceId,
  FileTold,
  Neighbour,
  Repair,
  Touched,
} from './partition/types';

/** Ground left to decide, and the cells it can go to. */
export interface Question extends Conflict {
  candidates: Neighbour[];
}

/** A file of cells on the planner's desk; it stays there from page to page until it is put away. */
class Sheet {
  client = new PartitionClient();
  name = $state('');
  file = $state.raw<FileTold | null>(null);
  coordinates = $state<Coordinates>('wgs84');
  toleranceM = $state(0.5);
  labelField = $state<string | null>(null);
  private labels = $state.raw<string[]>([]);
  /** The areas of a level above that the cells are checked within. */
  level = $state.raw<{ name: string; told: FileTold } | null>(null);
  private levelNames = $state.raw<string[]>([]);
  defects = $state.raw<Defect[] | null>(null);
  repairs = $state.raw<Repair[] | null>(null);
  questions = $state.raw<Question[]>([]);
  decided = $state(0);
  /** Counts what was drawn anew as a whole. */
  drawn = $state(0);
  private waiting = $state(0);
  readonly busy = $derived(this.waiting > 0);
  private last: Promise<void> = Promise.resolve();
  /** Why the file cannot be used. */
  failure = $state<string | null>(null);
  /** Told of faces that changed. */
  onTouched: (touched: Touched) => void = () => {};

  private get toleranceMm(): number {
    return Math.round(this.toleranceM * 1000);
  }

  /** Does one thing after the other and keeps what went wrong. */
  private work(deed: () => Promise<void>): Promise<void> {
    this.waiting += 1;
    this.last = this.last.then(async () => {
      this.failure = null;
      try {
        await deed();
      } catch (error) {
        this.failure = error instanceof Error ? error.message : String(error);
      } finally {
        this.waiting -= 1;
      }
    });
    return this.last;
  }

  open(file: File): Promise<void> {
    return this.work(async () => {
      const told = await this.client.ask('openFile', file, this.coordinates);
      this.name = file.name;
      this.file = told;
      this.level = null;
      this.repairs = null;
      this.questions = [];
      this.decided = 0;
      await this.nameBy(namingField(told.fields));
      this.defects = await this.client.ask('check', this.toleranceMm);
      this.drawn += 1;
    });
  }

  label(field: string | null): Promise<void> {
    return this.work(async () => {
      await this.nameBy(field);
      this.drawn += 1;
    });
  }

  private async nameBy(field: string | null): Promise<void> {
    this.labelField = field;
    this.labels = await this.client.ask('labelBy', field);
  }

  /** The name of a cell of the file. */
  labelOf(cell: FaceId): string {
    return this.labels[cell] ?? '';
  }

  /** The name of an area of the level above. */
  areaOf(area: number): string {
    return this.levelNames[area] ?? '';
  }

  /** Checks the cells within the areas of a level above, or by themselves again. */
  within(file: File | null, coordinates: Coordinates): Promise<void> {
    return this.work(async () => {
      if (file) {
        const told = await this.client.ask('putLevel', file, coordinates);
        const field = namingField(told.fields);
        this.levelNames = (await this.client.ask('levelNames', field)) ?? [];
        this.level = { name: file.name, told };
      } else {
        await this.client.ask('dropLevel');
        this.level = null;
      }
      this.defects = await this.client.ask('check', this.toleranceMm);
    });
  }

  check(): Promise<void> {
    return this.work(async () => {
      this.defects = await this.client.ask('check', this.toleranceMm);
    });
  }

  repair(): Promise<void> {
    return this.work(async () => {
      const { repairs, conflicts } = await this.client.ask('repair', this.toleranceMm);
      this.repairs = repairs;
      this.decided = 0;
      await this.put(conflicts);
      this.drawn += 1;
    });
  }

  /** Gives ground to a cell, or makes it one of its own. */
  decide(face: FaceId, to: FaceId | null): Promise<void> {
    return this.work(async () => {
      const outcome = await this.client.ask(
        'act',
        to === null ? { settle: { face } } : { merge: { faces: [to, face] } },
      );
      if ('refused' in outcome) {
        this.failure = 'refused';
        return;
      }
      this.decided += 1;
      this.onTouched(outcome.done);
      await this.put(this.questions.filter((question) => question.face !== face));
    });
  }

  private async put(conflicts: Conflict[]): Promise<void> {
    const largestFirst = conflicts.toSorted(
      (one, other) => other.defect.area_m2 - one.defect.area_m2,
    );
    this.questions = await Promise.all(
      largestFirst.map(async ({ face, defect }) => ({
        face,
        defect,
        candidates: await this.client.ask('neighbours', face),
      })),
    );
  }

  get bounds(): Bounds | null {
    return this.file?.bounds ?? null;
  }

  /** Puts everything away. */
  clear(): void {
    this.client.end();
    this.client = new PartitionClient();
    this.name = '';
    this.file = null;
    this.level = null;
    this.defects = null;
    this.repairs = null;
    this.questions = [];
    this.failure = null;
  }

  /** Hands a text to the person as a file beside the one that was read. */
  async save(what: 'cells' | 'report'): Promise<void> {
    const blob = await this.client.ask(what);
    const suffix = what === 'cells' ? 'repaired' : this.repairs ? 'repairs' : 'defects';
    download(blob, `${this.name.replace(/\.\w+$/, '')}.${suffix}.geojson`);
  }
}

export function download(blob: Blob, name: string): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  // the browser has begun to read it by then
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

export const sheet = new Sheet();
