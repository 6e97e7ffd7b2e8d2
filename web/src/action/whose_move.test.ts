import { expect, test } from 'vitest';
import { CASE_STATES, type CaseRow, type Grant, type Role } from '../api/types';
import type { zh } from '../i18n/zh';
import { ACTION_KEYS, leadsOn, rankOf } from './keys';
import { isMyMove, turnOf } from './whose_move';

const unit = (id: number) => ({ id, name_zh: '环卫', name_en: 'Sanitation' });
const row = (over: Partial<CaseRow>) =>
  ({
    state: 'filed',
    pending: null,
    handling_unit: null,
    district_id: 2,
    assignee_id: null,
    worker_id: null,
    ...over,
  }) as CaseRow;
const who = (role: Role, over: Partial<Grant> = {}) => ({
  id: 9,
  grants: [{ role, unit: null, district: null, area_id: null, ...over }],
});

test('every open state but the suspended one is somebody’s turn, every end is nobody’s', () => {
  const nobody = CASE_STATES.filter((state) => turnOf({ state, pending: null }).length === 0);
  expect(nobody).toEqual([
    'rejected',
    'merged',
    'voided',
    'suspended',
    'closed',
    'closed_unqualified',
    'closed_forced',
  ]);
});

test('what waits for a decision is the decider’s move, not the state’s', () => {
  const asked = row({ pending: 'void' });
  expect(isMyMove(asked, who('duty_chief'))).toBe(true);
  expect(isMyMove(asked, who('dispatcher'))).toBe(false);
});

test('a unit’s case is the move of that unit only, and of its worker once assigned', () => {
  const given = row({ state: 'handling', handling_unit: unit(7) });
  expect(isMyMove(given, who('unit_manager', { unit: unit(7) }))).toBe(true);
  expect(isMyMove(given, who('unit_manager', { unit: unit(8) }))).toBe(false);
  const assigned = { ...given, worker_id: 4 };
  expect(isMyMove(assigned, who('unit_worker', { unit: unit(7) }))).toBe(false);
  expect(isMyMove({ ...given, worker_id: 9 }, who('unit_worker', { unit: unit(7) }))).toBe(true);
});

test('a check is the move of whoever it was given to', () => {
  const check = row({ state: 'checking', assignee_id: 3 });
  expect(isMyMove(check, who('checker'))).toBe(false);
  expect(isMyMove({ ...check, assignee_id: 9 }, who('checker'))).toBe(true);
});

test('a district’s people see their district’s cases as their move', () => {
  const sent = row({ state: 'dispatched' });
  expect(isMyMove(sent, who('district_dispatcher', { district: unit(2) }))).toBe(true);
  expect(isMyMove(sent, who('district_dispatcher', { district: unit(3) }))).toBe(false);
});

/** Steps that one desk has open together; their keys must differ. */
const TOGETHER: (keyof typeof zh.work.actions)[][] = [
  ['file', 'send_to_verify', 'reject', 'merge', 'settle_on_spot'],
  ['dispatch', 'dispatch_quick', 'return_to_operator', 'ask_void'],
  ['approve', 'rehandle', 'redirect', 'close_unqualified'],
  ['receive', 'dispute', 'redispatch'],
  ['arrive', 'guard', 'feed_back', 'assign', 'ask_extension', 'ask_suspension', 'grant_extension'],
  ['send_to_check', 'send_back'],
  ['uphold', 'reassign', 'escalate'],
  ['confirm_settled', 'refuse_settled'],
];
const OF_THE_MAP = ['j', 'k', 'c', 'g', 'f', 'l', 'u', 's', '/', '?'];

test('keys that can be pressed at the same time are different, and none is the map’s', () => {
  for (const actions of TOGETHER) {
    const keys = actions.flatMap((action) => ACTION_KEYS[action] ?? []);
    expect(new Set(keys).size, actions.join(' ')).toBe(keys.length);
  }
  for (const key of Object.values(ACTION_KEYS)) expect(OF_THE_MAP).not.toContain(key);
});

test('what leads on stands before what sends back', () => {
  expect(rankOf('file')).toBeLessThan(rankOf('reject'));
  expect(rankOf('approve')).toBeLessThan(rankOf('rehandle'));
  expect(rankOf('something new')).toBeGreaterThan(rankOf('force_close'));
});

test('only what leads on is ever the large button', () => {
  expect(['file', 'dispatch', 'approve', 'feed_back'].every(leadsOn)).toBe(true);
  expect(['reject', 'recur', 'supervise', 'force_close', 'dispute'].some(leadsOn)).toBe(false);
});
