/** What the server's JSON looks like; `openapi.json` is the authority. Degrees are WGS 84. */

import type { Refusal } from './action_types';
import type { CaseRow, CaseState } from './case_types';

export * from './action_types';
export * from './case_types';

export interface Named {
  name_zh: string;
  name_en: string;
}

export type Role =
  | 'collector'
  | 'operator'
  | 'duty_chief'
  | 'dispatcher'
  | 'unit_manager'
  | 'unit_worker'
  | 'district_dispatcher'
  | 'checker'
  | 'planner'
  | 'data_officer'
  | 'evaluator'
  | 'leader'
  | 'committee'
  | 'administrator'
  | 'auditor';

/** A role a person has now: for a unit, in a district. */
export interface Grant {
  role: Role;
  unit: Unit | null;
  /** Null: the whole city. */
  district: Unit | null;
  area_id: number | null;
}

export interface Person {
  id: number;
  login: string;
  name: string;
  grants: Grant[];
}

export interface CatalogueClass extends Named {
  code: string;
  kind: 'component' | 'matter';
  numbers: Record<string, string>;
}

export interface Unit extends Named {
  id: number;
  /** Null: of the city; where a list says so. */
  district_id?: number | null;
}

export interface Platform {
  id: number;
  name: string;
  created_at?: string;
  revoked_at?: string | null;
  token?: string;
}

/** What is wrong with a camera. */
export type CameraCondition =
  | 'offline'
  | 'frozen'
  | 'dark'
  | 'blurred'
  | 'covered'
  | 'moved'
  | 'wrong_time';

export interface CameraView extends Named {
  id: string;
  lon: number;
  lat: number;
  height_m: number | null;
  platform_id: number | null;
  /** It is asked for its pictures; else a platform pushes them. */
  pulled: boolean;
  calibration: {
    version: number;
    /** Median leave-one-out error on the ground; null with only four pairs. */
    error_loo_m: number | null;
    ground: GeoJSON.Polygon;
  } | null;
  last_frame_at: string | null;
  /** When a frame came in last, also before the service started. */
  heard_at: string | null;
  conditions: { condition: CameraCondition; since: string }[];
  frames: { processed: number; superseded: number; refused: number };
}

/** Where the thing is with 95 % probability. */
export interface ErrorEllipse {
  semi_major_m: number;
  semi_minor_m: number;
  /** Of the major axis, clockwise from north. */
  bearing_deg: number;
}

export type Rule =
  | 'component_maintenance'
  | 'component_owner'
  | 'cell_class'
  | 'cell_group'
  | 'cell_default'
  | 'none';

export interface Edition {
  id: number;
  note: string;
  published_at: string;
}

/** By which rule a case is whose. */
export type RouteBecause =
  | { rule: 'precedent'; precedent_id: number; case_id: number }
  | {
      rule: 'component_maintenance' | 'component_owner';
      component_id: number;
      route_id: number | null;
    }
  | { rule: 'rule'; route_id: number }
  | { rule: 'cell_class' | 'cell_group' | 'cell_default'; cell_id: number }
  | { rule: 'nobody'; cell_id: number | null };

/** With the classes and the place of the routing rule that decided, where one did. */
export type CaseRoute = RouteBecause & { classes?: string | null; place?: string | null };

/** Why a place is whose. */
export interface Because {
  rule: Rule;
  edition: Edition;
  responsibility_id?: number | null;
  component_id?: number | null;
  distance_m?: number | null;
  cell_code: string;
  class: string;
  /** Distance to the nearest other cell. */
  border_m: number | null;
}

export interface PlacedComponent {
  id: number;
  class: string;
  code: string | null;
  name: string;
}

export interface Placement {
  cell: { id: number; code: string; name?: string };
  component: PlacedComponent | null;
  unit: Unit | null;
  because: Because;
}

export interface PixelBox {
  left: number;
  top: number;
  right: number;
  bottom: number;
}

export interface Evidence {
  id: number;
  frame_id: string;
  camera_id: string;
  captured_at: string;
  image: { width: number; height: number; url: string };
  /** As the camera took it; null: nothing in it was made unrecognisable; waiting: nobody knows yet. */
  original: 'waiting' | 'kept' | 'erased' | null;
  box: PixelBox;
  confidence: number;
  /** It shows that the thing is not there any more. */
  gone: boolean;
  model: { name: string; version: string };
  calibration_version: number;
  lon: number;
  lat: number;
}

/** `seq` names a moment of the live feed. */
export interface Snapshot {
  seq: string;
  now: string;
  cases: CaseRow[];
}

export interface LiveBatch {
  seq: string;
  now: string;
  up: CaseRow[];
  new: number[];
  /** Ended, or no longer this person's to see. */
  gone?: number[];
}

/** RFC 9457. */
export interface Problem {
  type?: string;
  title?: string;
  status: number;
  detail?: string;
  /** Which parts of the body are wrong, and why. */
  errors?: { field: string; detail?: string }[];
  /** Rows of a file that are wrong. */
  rows?: { number: number; why: string }[];
  /** What the case is now, where somebody else was faster. */
  current?: {
    version: number;
    state: CaseState;
    last: { action: string; actor: string; at: string };
  };
  /** Why not. */
  refusal?: Refusal;
}
