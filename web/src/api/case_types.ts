/** A case as the server tells it: the row of a list, and everything about one. */

import type {
  Because,
  CaseRoute,
  ErrorEllipse,
  Evidence,
  PlacedComponent,
  Role,
  Unit,
} from './types';

export const CASE_STATES = [
  'reported',
  'verifying',
  'rejected',
  'merged',
  'self_handled',
  'filed',
  'voided',
  'dispatched',
  'quick',
  'disputed',
  'handling',
  'suspended',
  'handled',
  'checking',
  'checked',
  'closed',
  'closed_unqualified',
  'closed_forced',
] as const;
export type CaseState = (typeof CASE_STATES)[number];

export const CASE_SOURCES = [
  'camera',
  'collector',
  'hotline',
  'public',
  'media',
  'department',
  'leader',
  'sensor',
  'exchange',
] as const;
export type CaseSource = (typeof CASE_SOURCES)[number];

/** What waits for a decision while the case stays where it is. */
export type Pending = 'void' | 'extension' | 'suspension' | 'appeal';
export type DisputeLevel = 'district' | 'department' | 'city' | 'committee';
export type Calendar = 'continuous' | 'working';

export const STAGES = [
  'filing',
  'verification',
  'dispatch',
  'handling',
  'arrival',
  'repair',
  'dispute',
  'review',
  'check',
  'closing',
  'quick',
  'supervision',
] as const;
export type Stage = (typeof STAGES)[number];

/** The clock that presses most. */
export interface RowClock {
  stage: Stage;
  /** Null while paused. */
  due_at: string | null;
  warn_at: string | null;
  paused: boolean;
}

export interface CaseRow {
  id: number;
  class: string;
  state: CaseState;
  source: CaseSource;
  lon: number;
  lat: number;
  cell: { id: number; code: string };
  component_id: number | null;
  /** Whose the place is. */
  unit: Unit | null;
  /** Who has the case; null until it is dispatched. */
  handling_unit: Unit | null;
  district_id: number | null;
  camera_id: string | null;
  emergency: boolean;
  supervised: boolean;
  pending: Pending | null;
  dispute_level: DisputeLevel | null;
  /** 0 at first, one more with every rework. */
  round: number;
  /** 1: sent by the city; 2: sent on by the district. */
  dispatch_level: number;
  condition_id: number | null;
  text: string;
  place_text: string;
  /** Who verifies or checks. */
  assignee_id: number | null;
  /** Inside the unit. */
  worker_id: number | null;
  overdue: boolean;
  ended_at: string | null;
  merged_into: number | null;
  recurrence_of: number | null;
  /** Null when none runs. */
  clock: RowClock | null;
  first_seen_at: string;
  last_seen_at: string;
  sighting_count: number;
  opened_at: string;
  version: number;
}

export interface Bilingual {
  zh: string;
  en: string;
}

/** A filing condition (立案条件). */
export interface Condition {
  id: number;
  number: number;
  text_zh: string;
  text_en: string;
  closing: Bilingual[];
  limit_s: number;
  calendar: Calendar;
  emergency: boolean;
}

export type Lamp = 'green' | 'yellow' | 'red';

export interface Pause {
  from: string;
  to: string | null;
  reason: string;
}

export interface CaseClock {
  id: number;
  stage: Stage;
  round: number;
  calendar: Calendar;
  limit_s: number;
  elapsed_s: number;
  started_at: string;
  stopped_at: string | null;
  due_at: string | null;
  warned_at: string | null;
  breached_at: string | null;
  escalated_at: string | null;
  lamp: Lamp;
  pauses: Pause[];
}

/** A piece of a clock's life: whether it counted, and why. */
export interface ClockInterval {
  from: string;
  to: string;
  counted: boolean;
  why: string;
  reason?: string | null;
}

export type AttachmentKind =
  | 'report'
  | 'verification'
  | 'arrival'
  | 'guard'
  | 'feedback'
  | 'check'
  | 'dispute'
  | 'quick';

export interface Attachment {
  id: number;
  kind: AttachmentKind | null;
  url: string;
  width: number;
  height: number;
  taken_at: string | null;
  lon: number | null;
  lat: number | null;
  by?: { id: number; name: string } | string | null;
  at?: string;
}

export interface CaseEvent {
  id: number;
  action: string;
  at: string;
  actor: string;
  person?: { id: number; name: string } | null;
  role?: Role | null;
  reason?: string | null;
  /** The unit it was sent to, or that it left because it has ended. */
  unit?: Unit | null;
  before?: Record<string, unknown> | null;
  after?: Record<string, unknown> | null;
  detail: Record<string, unknown>;
  version?: number | null;
}

export interface CaseRequest {
  kind: Pending;
  /** A person. */
  by: number;
  reason: string;
  at: string;
  until?: string | null;
}

export interface CaseDispute {
  level: DisputeLevel;
  /** Who objects. */
  unit: number;
  /** Whose it is in their view. */
  proposed_unit: number | null;
  reason: string;
  opinion?: string | null;
  at: string;
}

export interface Supervision {
  level: 'normal' | 'important' | 'leader';
  reason: string;
  at: string;
  due_at: string | null;
  reply?: string | null;
}

export interface Reporter {
  name: string;
  phone: string;
  /** Whether name and phone are hidden from this reader. */
  masked: boolean;
  wants_reply: boolean;
}

export type CameraVerdict = 'gone' | 'still_there' | 'cannot_tell';

/** What cameras say of a case that is reported as handled. */
export interface CameraCheck {
  verdict: CameraVerdict;
  reported_at: string;
  at: string | null;
  /** Ids of evidence. */
  before: number | null;
  after: number | null;
}

/** Somebody looked at a picture as the camera took it. */
export interface OriginalAccess {
  evidence_id: number;
  person: string;
  purpose: string;
  at: string;
}

export interface CaseDetail extends CaseRow {
  /** Null where a person told the place. */
  ellipse: ErrorEllipse | null;
  because: Because | null;
  /** By which rule it is whose since it was filed; null: by `because`. */
  route: CaseRoute | null;
  component: (PlacedComponent & { lon: number; lat: number }) | null;
  evidence: Evidence[];
  history: CaseEvent[];
  original_accesses: OriginalAccess[];
  camera_check: CameraCheck | null;
  condition: Condition | null;
  clocks: CaseClock[];
  attachments: Attachment[];
  request: CaseRequest | null;
  dispute: CaseDispute | null;
  supervision?: Supervision | null;
  reporter: Reporter | null;
  links: { merged: number[]; recurrences: number[] };
}

/** A case that may be the same thing. */
export interface Duplicate {
  case: CaseRow;
  distance_m: number;
}
