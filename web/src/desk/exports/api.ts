import { ask } from '../../api/client';

export interface ExportRequest {
  id: number;
  purpose: string;
  by: string;
  requested_at: string;
  approved_by: string | null;
  approved_at: string | null;
  refused_by: string | null;
  refused_at: string | null;
  /** Why it was refused. */
  refused_for: string | null;
}

const v1 = '/api/v1';

export const exports = () => ask<{ exports: ExportRequest[] }>('GET', `${v1}/exports`);
export const request = (purpose: string) =>
  ask<ExportRequest>('POST', `${v1}/exports`, { purpose });
export const approve = (id: number) => ask<ExportRequest>('POST', `${v1}/exports/${id}/approve`);
export const refuse = (id: number, reason: string) =>
  ask<ExportRequest>('POST', `${v1}/exports/${id}/refuse`, { reason });
/** Where the list of an approved request is. */
export const sheet = (id: number) => `${v1}/cases/export?export=${id}`;
