import { dayAndTime } from '../time';
import type { RefusalWords } from './refusal.zh';

const text = (value: unknown) => (value === null || value === undefined ? '' : String(value));
const yuan = (fen: unknown) => (Number(fen) / 100).toFixed(2);
const time = (at: unknown) => dayAndTime(text(at), 'en-GB');

export const refusalsEn: RefusalWords = {
  role: () => 'Your roles do not allow this step.',
  area: () => 'The case is outside your area.',
  unit: () => 'Your unit does not have the case.',
  assignee: () => 'The task was given to somebody else.',
  own_system: () => 'This district has a system of its own and handles it there.',
  shared_district: () => 'This district shares the city’s system; the city centre does this.',
  level: () => 'Another level decides this dispute.',
  pending: ({ pending, needed }) =>
    needed
      ? `No request of this kind waits for a decision (${text(needed)}).`
      : `A request still waits for a decision (${text(pending)}).`,
  too_late: ({ until }) => `It could be undone until ${time(until)} only.`,
  extensions_used: ({ max }) => `All ${text(max)} extensions are used.`,
  overdue: () => 'It is overdue already; no extension can be asked for.',
  dispatched_on: () => 'It was sent on once already.',
  notified: () => 'The notice was delivered already.',
  final: () => 'The dispute was decided for good.',
  window_closed: ({ until }) => `The time to dispute ended ${time(until)}.`,
  highest_level: () => 'It is at the highest level already.',
  not_emergency: () => 'Only an emergency needs this step.',
  arrived: () => 'The arrival is on record already.',
  not_arrived: () => 'Report the arrival first.',
  guarded: () => 'The spot is secured already.',
  not_guarded: () => 'In an emergency secure the spot before reporting it as handled.',
  emergency: () => 'An emergency can be neither extended nor suspended.',
  suspended_before: () => 'It was suspended once already.',
  handler_may_not_check: () => 'Whoever handled the case may not check it.',
  check_failed: () => 'The check failed; it cannot be closed as done.',
  not_supervised: () => 'The case is not supervised.',
  replied: () => 'The supervision has its reply already.',
  not_overdue: () => 'The case is not overdue; there is nothing to appeal.',
  appealed: () => 'It was appealed once already.',
  supported: () => 'The appeal is supported already.',
  not_supported: () => 'The dispatcher has not supported the appeal yet.',
  nothing_to_undo: () => 'The last step cannot be undone.',
  acted_since: () => 'Somebody else has acted since; it cannot be undone.',
  beyond_balance: ({ balance_fen, missing_fen }) =>
    balance_fen !== undefined
      ? `More than the balance for quick disposal, ${yuan(balance_fen)} CNY.`
      : `The balance for quick disposal is too low${missing_fen !== undefined ? ` by ${yuan(missing_fen)} CNY` : ''}.`,
  beyond_close_cap: ({ cap_fen }) =>
    `More than ${yuan(cap_fen)} CNY needs a check before it is closed.`,
  beyond_cap: ({ cap_fen }) => `More than the cap for one case, ${yuan(cap_fen)} CNY.`,
  cost: ({ cap_fen }) => `More than the cap for one case, ${yuan(cap_fen)} CNY.`,
  too_far: ({ distance_m, radius_m }) =>
    `You are ${text(distance_m)} m from the case; it must be ${text(radius_m)} m at most.`,
  photos: ({ min, given }) =>
    `At least ${text(min)} photos are needed; there are ${text(given ?? 0)}.`,
  unknown_case: ({ case: id }) => `There is no case #${text(id)}.`,
  not_open: ({ case: id }) => `Case #${text(id)} has ended; nothing can be merged into it.`,
  itself: () => 'A case cannot be merged into itself.',
  other_class: () => 'The classes differ; they cannot be merged.',
  no_condition: () => 'There is no such filing condition.',
  other_condition: () => 'This filing condition belongs to another class.',
  no_class: () => 'There is no such class.',
  unknown_unit: () => 'There is no such unit, or it has ended.',
  no_unit: () => 'Choose a unit.',
  released_unit: () => 'This unit was released from the case in a dispute; choose another.',
  no_limit: () => 'There is no time limit; choose the filing condition first.',
  no_closing: () => 'There is no closing condition; choose the filing condition first.',
  limit_reason: () => 'Another time limit needs a reason.',
  closing_unmet: () => 'Not every closing condition is met.',
  unknown_quick_reason: () => 'There is no such ground for quick disposal.',
  no_quick_reason: () => 'Choose at least one ground for quick disposal.',
  not_a_crew: () => 'This unit is not a crew for quick disposal.',
  bill: () => 'The cost items are not right.',
  too_far_off: ({ latest }) => `Too far off; the latest is ${time(latest)}.`,
  past: () => 'That time has passed; choose a later one.',
  not_of_unit: () => 'This person is not of the unit.',
  not_on_site: () => 'This person is neither a collector nor a checker.',
  same_unit: () => 'That is the unit it has now.',
  outside_district: () => 'This unit is outside the district.',
  outside_level: () => 'This unit is outside what you decide.',
};
