import type { PartitionClient } from '../partition/client';
import {
  type Face,
  type FaceId,
  type Limits,
  nameOf,
  type Operation,
  type OperationName,
  type Refused,
  subjectOf,
  type Touched,
  type UnitId,
  type Warning,
} from '../partition/types';
import { ALL_CLASSES, subjectsOf } from './classes';
import { concernsOf } from './concerns';
import { type Totals, totalsAfter, totalsOf } from './totals';

export interface Owner {
  id: UnitId;
  name: string;
  /** It is not there any more, and gets nothing. */
  ended?: boolean;
}

/** One thing done, as the history shows it. */
export interface Step {
  name: OperationName;
  /** The names of the cells it touched. */
  cells: string[];
  /** The class or group it was about; none: all, or another matter. */
  classes: string | null;
  /** Why; empty where nobody said. */
  reason: string;
  /** When, RFC 3339. */
  at: string;
  by?: string;
}

/** Keeps what is done elsewhere too: a plan of the service. It throws where that fails. */
export interface Keeper {
  /** Says by whom and when it was done. */
  act(operation: Operation, reason: string): Promise<Pick<Step, 'at' | 'by'>>;
  undo(): Promise<void>;
  redo(): Promise<void>;
  /** Asks for everything to be read anew. */
  reopen(): void;
}

/** Names more than these are not told one by one. */
const NAMED_MAX = 3;

/** The first of many names, and how many more there are. */
export function fewOf(names: readonly string[]): string[] {
  const more = names.length - NAMED_MAX;
  return more > 0 ? [...names.slice(0, NAMED_MAX), `+${more}`] : [...names];
}

/** The ground being edited: what is known of its faces, and everything that was done to it. */
export class EditedGround {
  owners = $state.raw<Owner[]>([]);
  /** For which classes it is shown who answers, and set: all, a group, or one. */
  classes = $state<string>(ALL_CLASSES);
  /** Counts how often everything was to be drawn anew. */
  drawn = $state(0);
  /** Counts what changed. */
  revision = $state(0);
  totals = $state.raw<Totals>(new Map());
  /** As an operation under way would leave them. */
  draftTotals = $state.raw<Totals | null>(null);
  history = $state.raw<Step[]>([]);
  /** How many of the history's steps are in effect. */
  done = $state(0);
  /** Why the next step is done, as far as somebody has said. */
  reason = $state('');
  before = $state.raw<Totals>(new Map());
  warnings = $state.raw<Warning[]>([]);
  refused = $state.raw<Refused | null>(null);
  /** The keeper failed: what is shown and what is kept differ. */
  apart = $state.raw<Error | null>(null);
  /** What is to be looked at; read `revision` to follow it. */
  readonly concerns = $derived.by(() => {
    this.revision;
    return concernsOf(this.faces.values(), this.limits, this.ended);
  });
  readonly canUndo = $derived(this.done > 0);
  readonly canRedo = $derived(this.done < this.history.length);
  private faces = new Map<FaceId, Face>();
  private last: Promise<unknown> = Promise.resolve();
  private readonly listeners = new Set<(touched: Touched) => void>();

  constructor(
    readonly client: PartitionClient,
    readonly limits: Limits,
    private readonly keeper: Keeper | null = null,
  ) {}

  /** Reads what is known of every face, now and before the first operation. */
  async begin(): Promise<void> {
    await this.client.ask('limit', this.limits);
    const faces = await this.client.ask('faces');
    this.faces = new Map(faces.map((face) => [face.face, face]));
    this.totals = totalsOf(faces);
    this.before = totalsOf(await this.client.ask('facesBefore'));
    this.revision += 1;
  }

  /** Shows from now on who answers for some classes. */
  lookAt(classes: string): Promise<void> {
    return this.next(async () => {
      await this.client.ask('lookAt', subjectsOf(classes));
      this.classes = classes;
      await this.begin();
      this.drawn += 1;
    });
  }

  /** Gives cells to an owner for the classes that are looked at; `null`: to nobody by a rule for them. */
  async give(faces: FaceId[], owner: UnitId | null): Promise<void> {
    const subject = this.classes;
    const isOfAll = subject === ALL_CLASSES;
    const has = (face: FaceId) => this.faces.get(face)?.[isOfAll ? 'owner' : 'duty'];
    const changing = faces.filter((face) => has(face) !== owner);
    if (changing.length === 0) return;
    const of = { faces: changing, owner };
    await this.act(isOfAll ? { set_owner: of } : { set_duty: { ...of, subject } });
  }

  /** Whether what is done is kept elsewhere: cells of a file have the names that it gives them. */
  get isKept(): boolean {
    return this.keeper !== null;
  }

  face(id: FaceId): Face | undefined {
    this.revision;
    return this.faces.get(id);
  }

  get size(): number {
    this.revision;
    return this.faces.size;
  }

  ownerName(id: UnitId | null): string | null {
    return this.owners.find((owner) => owner.id === id)?.name ?? null;
  }

  /** Units for which nobody answers any more. */
  readonly ended: ReadonlySet<UnitId> = $derived(
    new Set(this.owners.filter(({ ended }) => ended).map(({ id }) => id)),
  );

  onTouched(listener: (touched: Touched) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** What an operation would do, with the totals it would lead to; `null` where it is refused. */
  async preview(operation: Operation): Promise<Touched | null> {
    const outcome = await this.client.ask('plan', operation);
    if ('refused' in outcome) {
      this.refused = outcome.refused;
      this.draftTotals = null;
      return null;
    }
    this.refused = null;
    this.draftTotals = totalsAfter(this.totals, this.faces, outcome.done);
    return outcome.done;
  }

  /** Why an operation would be refused; `null` where it would not. */
  async wouldRefuse(operation: Operation): Promise<Refused | null> {
    const outcome = await this.client.ask('plan', operation);
    return 'refused' in outcome ? outcome.refused : null;
  }

  /** Does an operation and tells which faces are new; `null` where it is refused. */
  act(operation: Operation): Promise<FaceId[] | null> {
    return this.next(() => this.make(operation));
  }

  /** One after the other, however fast they are asked for. */
  private next<T>(deed: () => Promise<T>): Promise<T> {
    const result = this.last.then(deed);
    this.last = result.catch(() => {});
    return result;
  }

  private async make(operation: Operation): Promise<FaceId[] | null> {
    const outcome = await this.client.ask('act', operation);
    this.draftTotals = null;
    if ('refused' in outcome) {
      this.refused = outcome.refused;
      this.warnings = [];
      return null;
    }
    const reason = this.reason.trim();
    this.reason = '';
    const name = nameOf(operation);
    const at = new Date().toISOString();
    const classes = subjectOf(operation);
    const step: Step = { name, cells: this.namesOf(outcome.done), classes, reason, at };
    const ids = outcome.done.faces.features.map(({ properties }) => properties.face);
    const born = ids.filter((face) => !this.faces.has(face));
    this.take(outcome.done);
    this.history = [...this.history.slice(0, this.done), step];
    this.done += 1;
    await this.keep(async (keeper) => {
      const kept = { ...step, ...(await keeper.act(operation, reason)) };
      this.history = this.history.map((each) => (each === step ? kept : each));
    });
    return born;
  }

  undo(): Promise<void> {
    return this.next(() => this.step('undo', -1));
  }

  redo(): Promise<void> {
    return this.next(() => this.step('redo', 1));
  }

  /** What was done before this page was opened only the keeper can take back. */
  private async step(deed: 'undo' | 'redo', by: 1 | -1): Promise<void> {
    const count = this.done + by;
    if (count < 0 || count > this.history.length) return;
    const touched = await this.client.ask(deed);
    if (touched) this.take(touched);
    this.done = count;
    await this.keep((keeper) => keeper[deed]());
    if (!touched) this.keeper?.reopen();
  }

  /** Back or forth until this many steps are in effect. */
  async goTo(steps: number): Promise<void> {
    while (this.done > steps && this.apart === null) await this.undo();
    while (this.done < steps && this.apart === null) await this.redo();
  }

  /** Resolves when all that was asked for is done and kept. */
  async settled(): Promise<void> {
    await this.last;
  }

  /** Reads everything anew from where it is kept. */
  reopen(): void {
    this.keeper?.reopen();
  }

  private async keep(deed: (keeper: Keeper) => Promise<void>): Promise<void> {
    if (!this.keeper || this.apart !== null) return;
    try {
      await deed(this.keeper);
    } catch (error) {
      this.apart = error instanceof Error ? error : new Error(String(error));
    }
  }

  private take(touched: Touched): void {
    this.totals = totalsAfter(this.totals, this.faces, touched);
    for (const face of touched.gone) this.faces.delete(face);
    for (const { properties } of touched.faces.features) {
      this.faces.set(properties.face, properties);
    }
    this.refused = null;
    this.warnings = touched.warnings;
    this.revision += 1;
    for (const listener of this.listeners) listener(touched);
  }

  private namesOf({ faces: { features }, gone }: Touched): string[] {
    const was = gone.flatMap((face) => this.faces.get(face)?.label ?? []);
    const names = was.length > 0 ? was : features.map(({ properties }) => properties.label);
    // ground that is still to be decided has none
    return fewOf(names.filter(Boolean));
  }
}
