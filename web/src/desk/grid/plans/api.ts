import { ApiError, ask, query } from '../../../api/client';
import type { Unit } from '../../../api/types';
import type { FaceId, Limits, Operation, Refused, UnitId, Warning } from '../partition/types';

export type PlanState = 'draft' | 'submitted' | 'approved' | 'in_force' | 'withdrawn';

export interface Author {
  id: number;
  name: string;
}

export interface Plan {
  id: number;
  title: string;
  reason: string;
  state: PlanState;
  version: number;
  base: { edition_id: number; at: string };
  /** Other ground was published meanwhile. */
  base_moved: boolean;
  author: Author;
  created_at: string;
  changed_at: string;
  steps: number;
  approved_by: Author | null;
  approved_at: string | null;
  in_force_from: string | null;
  edition_id: number | null;
  /** Why it was sent back or withdrawn. */
  decision: string | null;
}

export interface PlanStep {
  seq: number;
  operation: Operation;
  reason: string;
  by: Author;
  at: string;
  /** Undone can be redone; dropped cannot, because something else was done instead. */
  state: 'done' | 'undone' | 'dropped';
  warnings: Warning[];
}

export type OpenPlan = Plan & { history: PlanStep[] };

/** The ground of a moment; its partition lies at `bytes`. */
export interface Ground {
  edition: { id: number; note: string; published_at: string };
  valid_from: string | null;
  valid_to: string | null;
  frame: unknown;
  limits: Limits;
  bytes: string;
  faces: { face: FaceId; code: string; name: string; unit_id: UnitId | null }[];
  unclaimed: FaceId[];
  units: (Unit & { ends_at: string | null })[];
}

export interface Edition {
  id: number;
  note: string;
  source: string;
  published_at: string;
  in_force_from: string;
  plan_id: number | null;
  state: 'past' | 'in_force' | 'scheduled' | 'withdrawn';
}

export const FINDING_KINDS = [
  'nothing',
  'unclaimed_new',
  'crosses_communities',
  'no_community',
  'codes_used_up',
  'unit_absent',
  'base_moved',
  'small',
  'large',
  'no_unit',
  'owner_absent',
  'community_border_moved',
  'route_lost',
  'unclaimed',
] as const;
export type FindingKind = (typeof FINDING_KINDS)[number];

/** The numbers and codes in a finding. */
export type About =
  | { area: { area_m2: number } }
  | { communities: string[] }
  | { codes: { community: string; given: number; wanted: number; most: number } }
  | { unit: { classes: string; unit_id: UnitId } }
  | { route: { classes: string; rule_set: number } };

export interface Finding {
  severity: 'error' | 'warning';
  kind: FindingKind;
  face: FaceId | null;
  code: string | null;
  place: { lon: number; lat: number } | null;
  about: About | null;
}

export interface Load {
  cells: number;
  area_m2: number;
  /** Classes and groups of cells that it has by a rule of their own. */
  duties: number;
  components: number;
  open_cases: number;
  recent_cases: number;
}

export interface ImpactCell {
  face: FaceId;
  code: string | null;
  name: string;
  area_m2: number;
  /** What is handed over: a group or a class; empty: whatever has no rule of its own. */
  classes: string;
  unit_id: UnitId | null;
  /** Whose it was, if it was there. */
  from_unit: UnitId | null;
  from: string[];
}

export const CELL_CHANGES = ['added', 'changed', 'gone', 'handed_over'] as const;
export type CellChange = (typeof CELL_CHANGES)[number];

export interface ImpactCase {
  id: number;
  lon: number;
  lat: number;
  class: string;
  state: string;
  due_at: string | null;
  at_risk: boolean;
  from_cell: string;
  to_cell: string | null;
  from_unit: UnitId | null;
  to_unit: UnitId | null;
  moves_unit: boolean;
}

export interface Impact {
  version: number;
  cells: Record<CellChange, ImpactCell[]> & { owner_changed: number };
  components: { other_cell: number; other_unit: number };
  open_cases: ImpactCase[];
  open_cases_total: number;
  cases_moved: number;
  cases_at_risk: number;
  recent_cases: number;
  cameras: { id: string; name_zh: string; name_en: string; lon: number; lat: number }[];
  units: { unit: Unit; before: Load; after: Load }[];
}

/** Whose a cell is to be where the draft and the published grid differ; else both are merged. */
export interface Choice {
  face: FaceId;
  take: 'mine' | 'theirs';
}

export interface Side {
  /** Who answers for single classes and groups. */
  duties: { classes: string; unit_id: UnitId }[];
  unit_id: UnitId | null;
  area_m2: number;
  border: GeoJSON.MultiPolygon;
}

/** A cell on every ground; null where it is none. */
export interface TouchedCell {
  face: FaceId;
  code: string | null;
  name: string;
  is_conflict: boolean;
  before: Side | null;
  mine: Side | null;
  theirs: Side | null;
  merged: Side | null;
}

export interface ThreeWay {
  version: number;
  conflicts: number;
  mine_only: number;
  theirs_only: number;
  cells: TouchedCell[];
  /** Steps that are not done again; without a refusal because of a choice. */
  left_out: { seq: number; refusal: Refused['why'] | null }[];
}

/** Who else is at a plan, and which other plans change which cells. */
export interface Company {
  version: number;
  changed_by: Author;
  people: { person: Author; faces: FaceId[] }[];
  plans: {
    id: number;
    title: string;
    state: PlanState;
    author: Author;
    faces: FaceId[];
    shared: number;
    people: Author[];
  }[];
}

/** Chosen cells that others are told of. */
const FACES_TOLD_MAX = 2000;
const at = '/api/v1/plans';

export const plans = () => ask<{ plans: Plan[]; next: number | null }>('GET', at);
export const plan = (id: number) => ask<OpenPlan>('GET', `${at}/${id}`);
export const draft = (title: string, reason: string) => ask<Plan>('POST', at, { title, reason });
export const addStep = (id: number, version: number, operation: Operation, reason: string) =>
  ask<{ version: number; step: PlanStep }>('POST', `${at}/${id}/steps`, {
    version,
    operation,
    reason,
  });
export const undo = (id: number, version: number) =>
  ask<{ version: number }>('POST', `${at}/${id}/undo`, { version });
export const redo = (id: number, version: number) =>
  ask<{ version: number }>('POST', `${at}/${id}/redo`, { version });
export const reconcile = (id: number, choices: Choice[]) =>
  ask<ThreeWay>('POST', `${at}/${id}/reconcile`, { choices });
export const rebase = (id: number, version: number, choices: Choice[]) =>
  ask<Plan>('POST', `${at}/${id}/rebase`, { version, choices, leave_out: true });
export const bePresent = (id: number, faces: readonly FaceId[]) =>
  ask<Company>('POST', `${at}/${id}/presence`, { faces: faces.slice(0, FACES_TOLD_MAX) });
export const validate = (id: number) =>
  ask<{ version: number; ok: boolean; findings: Finding[] }>('POST', `${at}/${id}/validate`);
export const submit = (id: number, version: number) =>
  ask<Plan>('POST', `${at}/${id}/submit`, { version });
export const approve = (id: number, version: number, in_force_from: string | null) =>
  ask<Plan>('POST', `${at}/${id}/approve`, {
    version,
    ...(in_force_from === null ? {} : { in_force_from }),
  });
export const reject = (id: number, version: number, reason: string) =>
  ask<Plan>('POST', `${at}/${id}/reject`, { version, reason });
export const withdraw = (id: number, version: number, reason: string) =>
  ask<Plan>('POST', `${at}/${id}/withdraw`, { version, reason });
export const impact = (id: number) => ask<Impact>('GET', `${at}/${id}/impact`);
export const IMPACT_TABLES = ['units', 'cells', 'components', 'cases', 'cameras'] as const;
export type ImpactTable = (typeof IMPACT_TABLES)[number];
export const impactTableUrl = (id: number, of: ImpactTable) =>
  `${at}/${id}/impact.csv${query({ of })}`;
export const impactMapUrl = (id: number) => `${at}/${id}/impact.geojson`;
export const difference = (id: number) =>
  ask<GeoJSON.FeatureCollection<GeoJSON.MultiPolygon>>('GET', `${at}/${id}/difference`);
export const planBytes = (id: number) => bytes(`${at}/${id}/partition`);
export const planBase = (id: number) => ask<Ground>('GET', `${at}/${id}/base`);

export const FILE_FORMATS = ['gpkg', 'geojson', 'fgb', 'shp'] as const;
export type FileFormat = (typeof FILE_FORMATS)[number];

export const cellsUrl = (moment: string, format: FileFormat) =>
  `/api/v1/partition/cells${query({ format, at: moment })}`;
export const planCellsUrl = (id: number, format: FileFormat) =>
  `${at}/${id}/cells${query({ format })}`;

export const ground = (moment: string) =>
  ask<Ground>('GET', `/api/v1/partition${query({ at: moment })}`);
/** How much an edition moved: pieces of ground, components, cases as far as one sees them. */
export interface MovedCount {
  cells: number;
  components: number;
  cases: number;
}
export const moved = (edition: number) =>
  ask<MovedCount>('GET', `/api/v1/editions/${edition}/moved`);
export const movedUrl = (edition: number, kind: keyof MovedCount) =>
  `/api/v1/editions/${edition}/moved/${kind}/csv`;

export const editions = () => ask<{ editions: Edition[] }>('GET', '/api/v1/editions');

/** How a file becomes the first cells of a city. */
export interface FirstGround {
  source: string;
  reason: string;
  community: string | null;
  code_field: string | null;
  name_field: string | null;
  unit_field: string | null;
}

export const beginGround = (asked: FirstGround, cells: Blob) =>
  ask<{ edition_id: number; cells: number }>(
    'POST',
    `/api/v1/partition/first${query({ ...asked })}`,
    cells,
  );

/** How a file becomes a plan; without fields its cells are known by their ground and keep their units. */
export interface FromFile {
  title: string;
  source: string;
  reason: string;
  key_field: string | null;
  name_field: string | null;
  unit_field: string | null;
}

export const draftFromFile = (asked: FromFile, cells: Blob) =>
  ask<{ plan: Plan; cells: number; going_on: number; ending: number }>(
    'POST',
    `${at}/from-file${query({ ...asked })}`,
    cells,
  );

/** A partition as the service keeps it. */
export async function bytes(path: string): Promise<ArrayBuffer> {
  const answer = await fetch(path).catch(() => null);
  if (!answer?.ok) {
    throw new ApiError({ status: answer?.status ?? 0, title: answer?.statusText ?? 'unreachable' });
  }
  return answer.arrayBuffer();
}
