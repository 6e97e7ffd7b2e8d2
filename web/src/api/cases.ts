/** Cases and what can be done to them. */

import { ask, askFile, query } from './client';
import type {
  CaseClock,
  CaseRow,
  ClockInterval,
  Colleague,
  Condition,
  Done,
  Duplicate,
  Notice,
  Offers,
  Uploaded,
} from './types';

export interface CaseQuery {
  state?: string;
  open?: boolean;
  class?: string;
  unit?: number;
  handling_unit?: number;
  district?: number;
  cell?: string;
  emergency?: boolean;
  overdue?: boolean;
  mine?: boolean;
  since?: string;
  before?: string | number;
  after_due?: string;
  order?: 'newest' | 'due';
  limit?: number;
}

export const cases = (asked: CaseQuery) =>
  ask<{ cases: CaseRow[]; next: string | number | null }>(
    'GET',
    `/api/v1/cases${query({ ...asked })}`,
  );

export interface Registration {
  class: string;
  lon: number;
  lat: number;
  accuracy_m?: number;
  source: string;
  text: string;
  place_text?: string;
  observed_at?: string;
  attachments: number[];
  reporter?: { name: string; phone: string; wants_reply: boolean };
}

/** The same key over every retry of the same intent: done once, however often it is asked. */
const once = (key: string) => ({ 'idempotency-key': key });

export const registerCase = (registration: Registration, key: string) =>
  ask<{ case: CaseRow; query_code?: string }>('POST', '/api/v1/cases', registration, once(key));

export const duplicates = (caseId: number) =>
  ask<{ candidates: Duplicate[] }>('GET', `/api/v1/cases/${caseId}/duplicates`);

export const offers = (caseId: number) => ask<Offers>('GET', `/api/v1/cases/${caseId}/actions`);

export const act = (
  caseId: number,
  action: string,
  version: number,
  fields: Record<string, unknown>,
  key: string,
) =>
  ask<Done>('POST', `/api/v1/cases/${caseId}/actions/${action}`, { version, ...fields }, once(key));

export const explainClock = (caseId: number, clockId: number) =>
  ask<{ clock: CaseClock; intervals: ClockInterval[] }>(
    'GET',
    `/api/v1/cases/${caseId}/clocks/${clockId}`,
  );

export const conditions = (classCode: string) =>
  ask<{ conditions: Condition[] }>('GET', `/api/v1/conditions${query({ class: classCode })}`);

export const people = (asked: { role?: string; district?: number; unit?: number }) =>
  ask<{ people: Colleague[] }>('GET', `/api/v1/people${query(asked)}`);

/** Uploads a JPEG; it belongs to nothing until an action names it. */
export function attach(
  image: Blob,
  about: { takenAt?: Date; lon?: number; lat?: number } = {},
): Promise<Uploaded> {
  const form = new FormData();
  if (about.takenAt) form.set('taken_at', about.takenAt.toISOString());
  if (about.lon !== undefined && about.lat !== undefined) {
    form.set('lon', String(about.lon));
    form.set('lat', String(about.lat));
  }
  form.set('image', image, 'photo.jpg');
  return ask<Uploaded>('POST', '/api/v1/attachments', form);
}

export const notices = (unread = false) =>
  ask<{ notices: Notice[]; unread: number }>(
    'GET',
    `/api/v1/notices${unread ? '?unread=true' : ''}`,
  );

/** They have come to this page: a unit has received them from now on. */
export const receivedNotices = (upTo: number) =>
  ask<void>('POST', '/api/v1/notices/received', { up_to: upTo });

export const readNotices = (upTo: number) =>
  ask<void>('POST', '/api/v1/notices/read', { up_to: upTo });

/** A picture as the camera took it. That it was seen, and what for, is written down. */
export const originalOf = (evidenceId: number, purpose: string) =>
  askFile('POST', `/api/v1/evidence/${evidenceId}/original`, { purpose });
