/** What only administrators and auditors ask of the server. */
import { ask, query } from '../../api/client';
import type { Role, Unit } from '../../api/types';

const v1 = '/api/v1';

export interface HeldGrant {
  id: number;
  role: Role;
  unit: Unit | null;
  district: Unit | null;
  area_id: number | null;
  from: string;
  to: string | null;
}

export interface PersonEntry {
  id: number;
  login: string;
  name: string;
  /** Since when they may not sign in; null: they may. */
  disabled_at: string | null;
  /** What the organisation's own provider calls them; null: they may not sign in there. */
  oidc_login: string | null;
  oidc_linked: boolean;
  grants: HeldGrant[];
}

export interface PersonChange {
  name?: string;
  disabled?: boolean;
  /** Empty: they do not sign in at the provider. */
  oidc_login?: string;
}

export interface NewGrant {
  role: Role;
  unit_id?: number;
  district_id?: number;
  from?: string;
  to?: string;
}

export interface SessionEntry {
  id: number;
  created_at: string;
  expires_at: string;
  /** How they signed in: with a password, or through another provider. */
  method: string;
  user_agent: string;
  /** Whether it is the one that asks. */
  current: boolean;
}

export const people = () => ask<{ people: PersonEntry[] }>('GET', `${v1}/people`);
export const addPerson = (login: string, name: string) =>
  ask<{ person: PersonEntry; password: string }>('POST', `${v1}/people`, { login, name });
export const changePerson = (id: number, change: PersonChange) =>
  ask<unknown>('PATCH', `${v1}/people/${id}`, change);
export const resetPassword = (id: number) =>
  ask<{ password: string }>('POST', `${v1}/people/${id}/password`);
export const grant = (id: number, asked: NewGrant) =>
  ask<unknown>('POST', `${v1}/people/${id}/grants`, asked);
export const endGrant = (grantId: number) => ask<unknown>('DELETE', `${v1}/grants/${grantId}`);
export const sessions = (id: number) =>
  ask<{ sessions: SessionEntry[] }>('GET', `${v1}/people/${id}/sessions`);
export const endSession = (id: number, session: SessionEntry['id']) =>
  ask<unknown>('DELETE', `${v1}/people/${id}/sessions/${session}`);

export const UNIT_KINDS = [
  'city_centre',
  'district_centre',
  'committee',
  'department',
  'responsible',
  'collection',
  'crew',
] as const;
export type UnitKind = (typeof UNIT_KINDS)[number];

export interface UnitEntry extends Unit {
  credit_code: string;
  kind: UnitKind;
  district_id: number | null;
  department_id: number | null;
  contact_name: string;
  contact_phone: string;
  duties: string;
  valid_from: string | null;
  valid_to: string | null;
}

export type UnitForm = Omit<UnitEntry, 'id' | 'valid_from' | 'valid_to'>;

export interface District extends Unit {
  division_code: string;
  mode: 'shared' | 'own_system';
}

export const units = () => ask<{ units: UnitEntry[] }>('GET', `${v1}/units?ended=true`);
export const addUnit = (unit: UnitForm) => ask<unknown>('POST', `${v1}/units`, unit);
export const changeUnit = (id: number, change: Omit<UnitForm, 'credit_code' | 'kind'>) =>
  ask<unknown>('PATCH', `${v1}/units/${id}`, change);
/** What a unit answers for. */
export interface Holdings {
  cells: number;
  /** Of cells, for classes or groups. */
  rules: number;
  components: number;
  /** Of rule sets. */
  routes: number;
  precedents: number;
  /** That nobody was sent to yet. */
  waiting_cases: number;
  /** That it has and has not done. */
  cases_in_hand: number;
}

export const holdings = (unit: number) => ask<Holdings>('GET', `${v1}/units/${unit}/holdings`);
/** Without a moment: now. */
export const endUnit = (id: number, at: string | null) =>
  ask<unknown>('POST', `${v1}/units/${id}/end`, at === null ? {} : { at });
export const districts = () => ask<{ districts: District[] }>('GET', `${v1}/districts`);
export const addDistrict = (district: Omit<District, 'id'>) =>
  ask<unknown>('POST', `${v1}/districts`, district);
export const changeDistrict = (id: number, change: { mode: District['mode'] }) =>
  ask<unknown>('PATCH', `${v1}/districts/${id}`, change);

export interface Webhook {
  id: number;
  unit_id: number;
  url: string;
  /** Null: all. */
  events: string[] | null;
  ended_at: string | null;
  waiting: number;
  /** Given up. */
  dead: number;
}

export interface Delivery {
  id: number;
  case_id: number;
  action: string;
  created_at: string;
  attempts: number;
  delivered_at: string | null;
  /** Null: given up, or delivered. */
  next_at: string | null;
  status: number | null;
}

export const webhooks = () => ask<{ webhooks: Webhook[] }>('GET', `${v1}/webhooks`);
export const addWebhook = (unit_id: number, url: string, events: string[] | null) =>
  ask<{ id: number; secret: string }>('POST', `${v1}/webhooks`, {
    unit_id,
    url,
    ...(events && { events }),
  });
export const removeWebhook = (id: number) => ask<unknown>('DELETE', `${v1}/webhooks/${id}`);
export const deliveries = (id: number) =>
  ask<{ deliveries: Delivery[] }>('GET', `${v1}/webhooks/${id}/deliveries`);
export const retryDelivery = (id: number, delivery: number) =>
  ask<unknown>('POST', `${v1}/webhooks/${id}/deliveries/${delivery}/retry`);

export interface AuditEntry {
  id: number;
  at: string;
  actor: string;
  subject: string;
  action: string;
  reason: string | null;
  before: unknown;
  after: unknown;
}

export interface Verdict {
  ok: boolean;
  case_events: number;
  audit_entries: number;
  seals: number;
  first_break?: unknown;
}

export const audit = (subject: string, before: number | null) =>
  ask<{ entries: AuditEntry[]; next?: number | null }>(
    'GET',
    `${v1}/audit${query({ subject, before, limit: 100 })}`,
  );
export const verifyAudit = () => ask<Verdict>('GET', `${v1}/audit/verify`);
