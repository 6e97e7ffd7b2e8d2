/** What the server's JSON looks like; `openapi.json` is the authority. Degrees are WGS 84. */

export interface Named {
  name_zh: string;
  name_en: string;
}

export interface Person {
  login: string;
  name: string;
}

export interface CatalogueClass extends Named {
  code: string;
  kind: 'component' | 'matter';
  numbers: Record<string, string>;
}

export interface Unit extends Named {
  id: number;
}

export interface Platform {
  id: number;
  name: string;
  created_at?: string;
  revoked_at?: string | null;
  token?: string;
}

export interface CameraView extends Named {
  id: string;
  lon: number;
  lat: number;
  height_m: number | null;
  platform_id: number | null;
  calibration: {
    version: number;
    /** Median leave-one-out error on the ground; null with only four pairs. */
    error_loo_m: number | null;
    ground: GeoJSON.Polygon;
  } | null;
  last_frame_at: string | null;
  frames: { processed: number; superseded: number; refused: number };
}

export type CaseState = 'reported';
export type CaseSource = 'camera';

export interface CaseRow {
  id: number;
  class: string;
  state: CaseState;
  source: CaseSource;
  lon: number;
  lat: number;
  cell: { id: number; code: string };
  component_id: number | null;
  unit: Unit | null;
  camera_id: string | null;
  first_seen_at: string;
  last_seen_at: string;
  sighting_count: number;
  opened_at: string;
  version: number;
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
  | 'cell_default'
  | 'none';

export interface Edition {
  id: number;
  note: string;
  published_at: string;
}

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
  box: PixelBox;
  confidence: number;
  model: { name: string; version: string };
  calibration_version: number;
  lon: number;
  lat: number;
}

export interface CaseEvent {
  id: number;
  action: string;
  at: string;
  actor: string;
  detail: Record<string, unknown>;
}

export interface CaseDetail extends CaseRow {
  ellipse: ErrorEllipse;
  because: Because;
  component: (PlacedComponent & { lon: number; lat: number }) | null;
  evidence: Evidence[];
  history: CaseEvent[];
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
}

/** RFC 9457. */
export interface Problem {
  type?: string;
  title?: string;
  status: number;
  detail?: string;
}
