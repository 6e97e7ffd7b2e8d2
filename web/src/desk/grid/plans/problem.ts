import { ApiError } from '../../../api/client';
import type { Problem } from '../../../api/types';
import { words } from '../../../i18n/forms';
import { i18n } from '../../../i18n/index.svelte';
import { planWords } from '../../../i18n/plans';
import { dayAndTime } from '../../../time';
import { type Refused, refusalOf } from '../partition/types';
import type { Author, Finding, PlanState } from './api';
import { countsOf, refusalText } from './findings';

/** What the service adds to a problem of a plan. */
type PlanProblem = Omit<Problem, 'refusal'> & {
  refusal?: Refused['why'];
  seq?: number;
  changed_by?: Author;
  changed_at?: string;
  state?: PlanState;
  findings?: Finding[];
};

/**
 * What is said below the title of a problem, in the language of the page: from the codes and values
 * of the service, whose own sentence is for logs.
 */
export function planDetail(problem: Problem): string {
  const { refusal, seq, changed_by, changed_at, state, findings } = problem as PlanProblem;
  const t = planWords.t;
  const why = refusal ? refusalText(refusalOf({ why: refusal, place: null }).name) : '';
  if (seq !== undefined) return t.stepRefused(seq, why);
  if (why) return why;
  if (changed_by && changed_at) {
    return t.by(changed_by.name, dayAndTime(changed_at, i18n.t.locale));
  }
  if (state) return t.isNow(t.states[state]);
  const errors = (findings ?? []).filter(({ severity }) => severity === 'error');
  return countsOf(errors)
    .map(([kind, count]) => (count > 1 ? `${t.findings[kind]} × ${count}` : t.findings[kind]))
    .join(t.listed);
}

/** Why something was not kept, as a sentence. */
export function failureText(error: Error): string {
  if (!(error instanceof ApiError)) return error.message;
  const { problem } = error;
  const kind = problem.type?.split('/').at(-1) ?? '';
  const t = words.t.problem;
  const title =
    problem.status === 0
      ? i18n.t.error.unreachable
      : (t.kinds[kind] ?? (problem.status >= 500 ? t.server : t.other));
  return [title, planDetail(problem)].filter(Boolean).join(i18n.language === 'zh' ? '' : ' ');
}
