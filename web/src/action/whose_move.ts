import type { CaseRow, CaseState, Grant, Pending, Role } from '../api/types';
import type { zh } from '../i18n/zh';

export type Action = keyof typeof zh.work.actions;

/** Whose turn it is in each state; an end is nobody's. */
const TURN: Partial<Record<CaseState, readonly Role[]>> = {
  reported: ['operator'],
  verifying: ['collector', 'checker'],
  self_handled: ['operator'],
  filed: ['dispatcher'],
  dispatched: ['unit_manager', 'unit_worker', 'district_dispatcher'],
  quick: ['unit_manager', 'unit_worker'],
  disputed: ['dispatcher', 'district_dispatcher', 'unit_manager', 'committee'],
  handling: ['unit_manager', 'unit_worker'],
  suspended: [],
  handled: ['operator'],
  checking: ['checker', 'collector'],
  checked: ['operator'],
};

/** What waits for a decision comes before the turn of the state. */
const DECIDES: Record<Pending, readonly Role[]> = {
  void: ['duty_chief'],
  extension: ['dispatcher'],
  suspension: ['dispatcher', 'duty_chief'],
  appeal: ['dispatcher', 'operator'],
};

const OF_UNIT: ReadonlySet<Role> = new Set(['unit_manager', 'unit_worker']);

/** Who has to do something about a case next. */
export function turnOf(row: Pick<CaseRow, 'state' | 'pending'>): readonly Role[] {
  return row.pending ? DECIDES[row.pending] : (TURN[row.state] ?? []);
}

/**
 * Whether a case waits for this person: their role's turn, in their unit or district. What they
 * may do in detail the server says; this only sorts and marks lists.
 */
export function isMyMove(row: CaseRow, person: { id: number; grants: Grant[] }): boolean {
  return turnOf(row).some((role) =>
    person.grants.some((grant) => {
      if (grant.role !== role) return false;
      if (OF_UNIT.has(role)) {
        if (grant.unit?.id !== row.handling_unit?.id) return false;
        return role === 'unit_manager' || row.worker_id === null || row.worker_id === person.id;
      }
      if (role === 'collector' || role === 'checker') {
        return row.assignee_id === null || row.assignee_id === person.id;
      }
      return !grant.district || grant.district.id === row.district_id;
    }),
  );
}
