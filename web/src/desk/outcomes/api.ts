/** What the checks found of each unit's work. */
import { ask, query } from '../../api/client';
import type { CaseRow, Unit } from '../../api/types';

export const OUTCOMES = ['approve', 'rehandle', 'close_unqualified', 'redirect'] as const;
export type Outcome = (typeof OUTCOMES)[number];

export type UnitOutcomes = { unit: Unit } & Record<Outcome, number>;

export interface Period {
  from: string;
  until: string;
}

const v1 = '/api/v1/outcomes';

export const outcomes = (period: Period) =>
  ask<{ units: UnitOutcomes[] }>('GET', `${v1}${query({ ...period })}`);
export const outcomeCases = (period: Period, unit: number, outcome: Outcome) =>
  ask<{ cases: CaseRow[] }>('GET', `${v1}/cases${query({ ...period, unit, outcome })}`);
