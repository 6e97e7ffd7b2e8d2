import type { workflowZh } from '../../i18n/workflow.zh';

export type ActionName = keyof typeof workflowZh.actions;

/** The steps a unit's system can be told of, by chapter of a case's life. */
export const EVENTS = {
  intake: [
    'opened',
    'seen_again',
    'seen_gone',
    'send_to_verify',
    'verify',
    'reject',
    'merge',
    'settle_on_spot',
    'confirm_settled',
    'refuse_settled',
    'file',
    'return_to_operator',
    'ask_void',
    'approve_void',
    'refuse_void',
  ],
  dispatch: ['dispatch', 'dispatch_quick', 'redispatch', 'deliver', 'receive'],
  dispute: ['dispute', 'uphold', 'reassign', 'escalate'],
  handling: [
    'assign',
    'arrive',
    'guard',
    'ask_extension',
    'grant_extension',
    'refuse_extension',
    'ask_suspension',
    'grant_suspension',
    'refuse_suspension',
    'resume',
    'feed_back',
    'send_back',
    'finish_quick',
  ],
  closing: [
    'send_to_check',
    'check',
    'approve',
    'rehandle',
    'close_unqualified',
    'redirect',
    'force_close',
    'recur',
    'appeal_overdue',
    'support_appeal',
    'grant_appeal',
    'refuse_appeal',
  ],
  time: [
    'warned',
    'breached',
    'escalated',
    'supervise',
    'reply_supervision',
    'end_supervision',
    'undo',
    'rehome',
    'unit_ended',
    'take_back',
  ],
} as const satisfies Record<string, readonly ActionName[]>;

export const CHAPTERS = Object.keys(EVENTS) as (keyof typeof EVENTS)[];
