import { ask, query } from '../../api/client';

export interface LedgerEntry {
  id: number;
  kind: 'budget' | 'spend' | 'recovery';
  amount_fen: number;
  case_id: number | null;
  items: { item: string; quantity: number; unit_price_fen: number }[] | null;
  from_unit_id: number | null;
  reason: string;
  by: string;
  at: string;
}

export interface Ledger {
  year: number;
  budget_fen: number;
  spent_fen: number;
  recovered_fen: number;
  balance_fen: number;
  entries: LedgerEntry[];
  next: number | null;
}

export interface Booked {
  id: number;
  balance_fen: number;
}

const v1 = '/api/v1/ledger';

export const ledger = (year: number, before: number | null = null) =>
  ask<Ledger>('GET', `${v1}${query({ year, before })}`);
export const changeBudget = (year: number, amount_fen: number, reason: string) =>
  ask<Booked>('POST', `${v1}/budget`, { year, amount_fen, reason });
export const approveSpending = (case_id: number, amount_fen: number, reason: string) =>
  ask<Booked>('POST', `${v1}/approvals`, { case_id, amount_fen, reason });
export const bookRecovery = (recovery: {
  case_id: number;
  amount_fen: number;
  from_unit_id?: number;
  reason: string;
}) => ask<Booked>('POST', `${v1}/recoveries`, recovery);
