/** Rule sets: drafts, what is in force, and the tester. */
import { ask, query } from '../../api/client';
import type {
  Calendar,
  ClockInterval,
  Condition,
  RouteBecause,
  Stage,
  Unit,
} from '../../api/types';

export type RuleSetState = 'draft' | 'approved' | 'withdrawn';

export interface RuleSetEntry {
  id: number;
  name: string;
  note: string;
  based_on: number | null;
  state: RuleSetState;
  created_by: number | null;
  created_at: string;
  approved_by: number | null;
  approved_at: string | null;
  in_force_from: string | null;
  in_force?: boolean;
}

export interface SetCondition extends Condition {
  class: string;
  /** Where it was taken from. */
  source: string;
}
export type DraftCondition = Omit<SetCondition, 'id'>;

export interface CalendarDay {
  date: string;
  kind: 'holiday' | 'workday';
  name_zh: string;
  name_en: string;
}

export interface RuleCalendar {
  zone: string;
  hours: { opens: string; closes: string }[];
  days: CalendarDay[];
}

export interface StageLimitEntry {
  stage: Stage;
  calendar: Calendar;
  limit_s: number;
}

export interface QuickReason {
  code: string;
  zh: string;
  en: string;
}

/** What the city decided once for all cases of a rule set. */
export interface Policy {
  extensions_max: number;
  suspension_days_max: number;
  dispute_window_s: number;
  dispute_pauses: boolean;
  arrival_radius_m: number;
  check_radius_m: number;
  arrive_within_s: number;
  repair_within_s: number;
  escalate_after_s: number;
  rework_limit: 'original' | 'remaining';
  quick_cap_fen: number;
  quick_close_cap_fen: number;
  quick_reasons: QuickReason[];
  undo_within_s: number;
  duplicate_radius_m: number;
  duplicate_window_s: number;
  recurrence_window_s: number;
}

/** A routing rule: which classes, where (the beginning of the cells' codes), and to whom. */
export interface RouteEntry {
  id: number;
  /** Empty: all; `M06`: a group; `M06042`: one class. */
  classes: string;
  /** Empty: the city; else the first digits of the cells' codes. */
  place: string;
  to: { unit: number } | 'maintenance' | 'owner';
  valid_from: string | null;
  valid_to: string | null;
}

/** What reports and feedbacks of some classes have to bring. */
export interface CollectionRule {
  /** Empty: all; `M06`: a group; `M06042`: one class. */
  scope: string;
  report_photos_min: number;
  feedback_photos_min: number;
  accuracy_m_max: number;
  report_age_max_s: number;
  text_required: boolean;
}

const v1 = '/api/v1';
const set = (id: number) => `${v1}/rule-sets/${id}`;

export const ruleSets = () => ask<{ sets: RuleSetEntry[] }>('GET', `${v1}/rule-sets`);
export const draftRuleSet = (name: string, note: string, based_on: number) =>
  ask<RuleSetEntry>('POST', `${v1}/rule-sets`, { name, note, based_on });
export const conditions = (id: number, classCode: string) =>
  ask<{ conditions: SetCondition[] }>('GET', `${set(id)}/conditions${query({ class: classCode })}`);
export const addCondition = (id: number, condition: DraftCondition) =>
  ask<unknown>('POST', `${set(id)}/conditions`, condition);
export const changeCondition = (id: number, conditionId: number, condition: DraftCondition) =>
  ask<unknown>('PUT', `${set(id)}/conditions/${conditionId}`, condition);
export const removeCondition = (id: number, conditionId: number) =>
  ask<unknown>('DELETE', `${set(id)}/conditions/${conditionId}`);
export const calendar = (id: number) => ask<RuleCalendar>('GET', `${set(id)}/calendar`);
export const putCalendar = (id: number, value: RuleCalendar) =>
  ask<unknown>('PUT', `${set(id)}/calendar`, value);
export const stageLimits = (id: number) =>
  ask<{ stage_limits: StageLimitEntry[] }>('GET', `${set(id)}/stage-limits`);
export const putStageLimits = (id: number, stage_limits: StageLimitEntry[]) =>
  ask<unknown>('PUT', `${set(id)}/stage-limits`, { stage_limits });
export const policy = (id: number) => ask<Policy>('GET', `${set(id)}/policy`);
export const putPolicy = (id: number, value: Policy) =>
  ask<unknown>('PUT', `${set(id)}/policy`, value);
export const collection = (id: number) =>
  ask<{ rules: CollectionRule[] }>('GET', `${set(id)}/collection`);
export const putCollection = (id: number, rules: CollectionRule[]) =>
  ask<unknown>('PUT', `${set(id)}/collection`, { rules });
export const routes = (id: number) => ask<{ routes: RouteEntry[] }>('GET', `${set(id)}/routes`);
export const addRoute = (id: number, route: Omit<RouteEntry, 'id'>) =>
  ask<unknown>('POST', `${set(id)}/routes`, route);
export const removeRoute = (id: number, routeId: number) =>
  ask<unknown>('DELETE', `${set(id)}/routes/${routeId}`);
export const approve = (id: number, in_force_from: string) =>
  ask<unknown>('POST', `${set(id)}/approve`, { in_force_from });
export const withdraw = (id: number, reason: string) =>
  ask<unknown>('POST', `${set(id)}/withdraw`, { reason });
/** What a set says about a case. */
export interface Said {
  condition: string | null;
  limit_s: number;
  due_at: string;
  unit_id: number | null;
}

/** A draft tried against past cases. */
export interface DryRun {
  cases: number;
  /** Whether there were more than could be looked at. */
  more: boolean;
  changed: number;
  changed_condition: number;
  changed_limit: number;
  changed_due: number;
  changed_unit: number;
  list: { case_id: number; class: string; opened_at: string; before: Said; after: Said }[];
}

export const dryRun = (id: number, days: number) =>
  ask<DryRun>('POST', `${set(id)}/dry-run`, { days });

/** A decided dispute that decides the next case of its kind. */
export interface Precedent {
  id: number;
  class: string;
  place: string;
  component_id: number | null;
  unit_id: number;
  case_id: number;
  reason: string;
  valid_from: string;
  valid_to: string | null;
}

export interface Gaps {
  cells: number;
  pairs: number;
  gaps: {
    cell_id: number;
    cell_code: string;
    cell_name: string;
    classes: number;
    among: string[];
  }[];
}

export const precedents = () => ask<{ precedents: Precedent[] }>('GET', `${v1}/rules/precedents`);
export const gaps = () => ask<Gaps>('GET', `${v1}/rules/gaps`);

export interface Trial {
  class: string;
  condition_id?: number;
  lon: number;
  lat: number;
  at?: string;
  rule_set_id?: number;
}

export interface Outcome {
  rule_set: { id: number; name: string };
  cell: { id: number; code: string; name: string };
  component_id: number | null;
  unit: Unit | null;
  because: RouteBecause;
  route: RouteEntry | null;
  condition: Condition | null;
  calendar: Calendar;
  limit_s: number;
  arrive_by: string | null;
  due_at: string;
  intervals: ClockInterval[];
}

export const tryRules = (trial: Trial) => ask<Outcome>('POST', `${v1}/rules/test`, trial);
