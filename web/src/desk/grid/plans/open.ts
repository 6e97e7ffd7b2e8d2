import { planWords } from '../../../i18n/plans';
import type { Keeper, Step } from '../edit/ground.svelte';
import { EditedGround, fewOf } from '../edit/ground.svelte';
import { PartitionClient } from '../partition/client';
import { type Bounds, type FaceId, facesOf, nameOf, subjectOf } from '../partition/types';
import {
  addStep,
  bytes,
  type Ground,
  ground as groundAt,
  type OpenPlan,
  type PlanStep,
  planBase,
  planBytes,
  redo,
  undo,
} from './api';
import { namesOfNew } from './names';

/** The last nine digits of a code tell a city's cells apart: street, community, sequence. */
const SHORT_CODE = 9;

const shortName = (name: string, code: string) => name || code.slice(-SHORT_CODE);

/** Ground of the service on the planner's desk. */
export interface Opened {
  ground: EditedGround;
  bounds: Bounds;
  close: () => void;
}

/** A plan of the service, kept step by step. */
class PlanKeeper implements Keeper {
  constructor(
    private readonly id: number,
    private version: number,
    private readonly changed: (version: number) => void,
    readonly reopen: () => void,
  ) {}

  async act(...[operation, reason]: Parameters<Keeper['act']>): ReturnType<Keeper['act']> {
    const taken = await addStep(this.id, this.version, operation, reason);
    this.moved(taken);
    return { at: taken.step.at, by: taken.step.by.name };
  }

  async undo(): Promise<void> {
    this.moved(await undo(this.id, this.version));
  }

  async redo(): Promise<void> {
    this.moved(await redo(this.id, this.version));
  }

  private moved({ version }: { version: number }): void {
    this.version = version;
    this.changed(version);
  }
}

function stepsOf(history: readonly PlanStep[], nameFace: (face: FaceId) => string): Step[] {
  return history
    .filter(({ state }) => state !== 'dropped')
    .map(({ operation, by, reason, at }) => ({
      name: nameOf(operation),
      cells: fewOf(facesOf(operation).map(nameFace).filter(Boolean)),
      classes: subjectOf(operation),
      reason,
      at,
      by: by.name,
    }));
}

/** Cells that a plan made are called after those whose ground they have. */
async function nameNew(client: PartitionClient): Promise<void> {
  const { features } = await client.ask('difference');
  const faces = await client.ask('faces');
  const unnamed = new Set(faces.filter(({ label }) => label === '').map(({ face }) => face));
  await client.ask(
    'name',
    namesOfNew(
      features.map(({ properties }) => properties),
      unnamed,
    ),
  );
}

async function put(
  client: PartitionClient,
  head: Ground,
  [base, now]: [ArrayBuffer, ArrayBuffer],
  keeper: Keeper | null,
  language: 'zh' | 'en',
): Promise<Opened> {
  const bounds = await client.ask('openPartition', base, now, head.frame);
  await client.ask(
    'name',
    head.faces.map(({ face, name, code }) => [face, shortName(name, code)]),
  );
  await nameNew(client);
  const ground = new EditedGround(client, head.limits, keeper);
  const now_ms = Date.now();
  ground.owners = head.units.map(({ id, name_zh, name_en, ends_at }) => {
    const name = language === 'zh' ? name_zh || name_en : name_en || name_zh;
    const ended = ends_at !== null && Date.parse(ends_at) <= now_ms;
    return { id, name: ended ? planWords.t.endedUnit(name) : name, ended };
  });
  await ground.begin();
  return { ground, bounds, close: () => client.end() };
}

/** Opens a plan; `changed` is told of every version it gets, `reopen` when it must be read anew. */
export async function openPlan(
  plan: OpenPlan,
  language: 'zh' | 'en',
  changed: (version: number) => void,
  reopen: () => void,
): Promise<Opened> {
  const [head, now] = await Promise.all([planBase(plan.id), planBytes(plan.id)]);
  const base = await bytes(head.bytes);
  const keeper = new PlanKeeper(plan.id, plan.version, changed, reopen);
  const opened = await put(new PartitionClient(), head, [base, now], keeper, language);
  const names = new Map(head.faces.map(({ face, name, code }) => [face, shortName(name, code)]));
  opened.ground.history = stepsOf(plan.history, (face) => {
    return names.get(face) ?? opened.ground.face(face)?.label ?? '';
  });
  opened.ground.done = plan.history.filter(({ state }) => state === 'done').length;
  return opened;
}

/** Opens the ground of a moment, to be looked at. */
export async function openGround(at: string, language: 'zh' | 'en'): Promise<Opened> {
  const head = await groundAt(at);
  const now = await bytes(head.bytes);
  return put(new PartitionClient(), head, [now, now], null, language);
}
