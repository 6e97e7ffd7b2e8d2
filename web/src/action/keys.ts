import type { Action } from './whose_move';

/**
 * The key of each step that people take all day. Two steps that can be open at the same time in
 * the same state for the same person never share one.
 */
export const ACTION_KEYS: Partial<Record<Action, string>> = {
  file: 'a',
  confirm_settled: 'a',
  receive: 'a',
  approve: 'a',
  approve_void: 'a',
  grant_extension: 'a',
  grant_suspension: 'q',
  dispatch: 'd',
  redispatch: 'd',
  reassign: 'd',
  feed_back: 'b',
  finish_quick: 'b',
  send_to_verify: 'v',
  verify: 'v',
  send_to_check: 'v',
  check: 'v',
  reject: 'r',
  refuse_settled: 'r',
  return_to_operator: 'r',
  send_back: 'r',
  rehandle: 'r',
  dispute: 'r',
  merge: 'm',
  arrive: 'h',
  guard: 'p',
  assign: 'n',
  dispatch_quick: 'w',
  resume: 'a',
  uphold: 'a',
  escalate: 'e',
};

/** The order of the buttons: what leads on comes first, what is rare or hard comes last. */
const ORDER: readonly Action[] = [
  'receive',
  'arrive',
  'guard',
  'feed_back',
  'finish_quick',
  'verify',
  'check',
  'file',
  'dispatch',
  'redispatch',
  'send_to_check',
  'approve',
  'approve_void',
  'grant_extension',
  'grant_suspension',
  'grant_appeal',
  'confirm_settled',
  'uphold',
  'reassign',
  'resume',
  'assign',
  'send_to_verify',
  'merge',
  'dispatch_quick',
  'settle_on_spot',
  'rehandle',
  'redirect',
  'send_back',
  'return_to_operator',
  'refuse_void',
  'refuse_extension',
  'refuse_suspension',
  'refuse_settled',
  'support_appeal',
  'refuse_appeal',
  'reject',
  'dispute',
  'escalate',
  'ask_extension',
  'ask_suspension',
  'ask_void',
  'recur',
  'appeal_overdue',
  'reply_supervision',
  'supervise',
  'end_supervision',
  'close_unqualified',
  'force_close',
];

export function rankOf(action: string): number {
  const at = ORDER.indexOf(action as Action);
  return at < 0 ? ORDER.length : at;
}

/** Steps that end something for good or against somebody: never the primary button. */
const GRAVE: ReadonlySet<string> = new Set<Action>([
  'reject',
  'close_unqualified',
  'force_close',
  'ask_void',
  'refuse_appeal',
]);

/** Whether a step leads the case on, so that it may be the one large button. */
export const leadsOn = (action: string): boolean => rankOf(action) <= rankOf('resume');

export const isGrave = (action: string): boolean => GRAVE.has(action);

export const keyOf = (action: string): string | undefined => ACTION_KEYS[action as Action];
