import { act, offers } from '../api/cases';
import { ApiError } from '../api/client';
import { newKey } from '../api/key';
import type { CaseRow, CaseState, Done, Offer, Offers, Problem, Refusal } from '../api/types';
import { openCases } from '../live/cases.svelte';
import { clock } from '../live/clock.svelte';
import type { Values } from './form';
import { keyOf } from './keys';

/** Why an action did not happen; nothing has changed then. */
export type Trouble =
  | {
      kind: 'conflict';
      state: CaseState;
      last: { action: string; actor: string; at: string } | null;
    }
  | { kind: 'refused'; refusal: Refusal }
  | { kind: 'fields'; errors: { field: string; detail?: string }[] }
  | { kind: 'unreachable' }
  | { kind: 'failed'; detail: string };

export interface Undoable {
  caseId: number;
  version: number;
  /** Where the step led; once the case is elsewhere, somebody else has acted. */
  state: CaseState;
  action: string;
  /** Null: it cannot be taken back; the toast only says what happened. */
  until: number | null;
}

function troubleOf(problem: Problem): Trouble {
  if (problem.status === 0) return { kind: 'unreachable' };
  if (problem.current) {
    return { kind: 'conflict', state: problem.current.state, last: problem.current.last ?? null };
  }
  if (problem.refusal) return { kind: 'refused', refusal: problem.refusal };
  if (problem.errors?.length) return { kind: 'fields', errors: problem.errors };
  return { kind: 'failed', detail: problem.detail ?? problem.title ?? String(problem.status) };
}

const TOAST_MS = 8000;
/** What the network did not take is sent again this much later, or when the network is back. */
const RESEND_MS = 5000;

/** What the person at this browser can do to the case they look at, and what they have just done. */
class Work {
  /** Of the case on the page; null while they are asked for. */
  offers = $state.raw<Offers | null>(null);
  failed = $state(false);
  /** The action whose form is open. */
  open = $state<string | null>(null);
  busy = $state<string | null>(null);
  trouble = $state.raw<Trouble | null>(null);
  undoable = $state.raw<Undoable | null>(null);
  /** Takes an action as its button would; set by the panel that shows them. */
  take: ((action: string) => void) | null = null;
  /** Moves whenever an action went through or was refused: who shows cases reads them again. */
  done = $state(0);
  /** What was typed, by case and action: a conflict or a look elsewhere loses nothing. */
  private drafts = new Map<string, Values>();
  private intents = new Map<string, string>();
  private asked: number | null = null;
  /** Of several answers about a case the last that was asked for counts. */
  private looks = 0;
  private person: number | null = null;
  private toast: ReturnType<typeof setTimeout> | undefined;
  private unsent: (() => Promise<boolean>) | null = null;
  private resend: ReturnType<typeof setTimeout> | undefined;

  readonly allowed = $derived(this.offers?.actions.filter((offer) => offer.allowed) ?? []);

  /** What somebody typed, did or could not send is nobody else's; it waits for them to sign in again. */
  belongTo(person: number): void {
    if (this.person !== person) {
      this.drafts.clear();
      this.intents.clear();
      this.unsent = null;
      this.undoable = null;
    }
    this.person = person;
  }

  /** Asks what can be done; what is shown of the same case stays until the answer is here. */
  async look(caseId: number | null): Promise<void> {
    this.asked = caseId;
    this.looks += 1;
    const mine = this.looks;
    if (this.offers?.case_id !== caseId) {
      this.offers = null;
      this.open = null;
      this.trouble = null;
    }
    this.failed = false;
    if (caseId === null) return;
    try {
      const answer = await offers(caseId);
      if (this.looks !== mine) return;
      this.offers = answer;
      const offered = answer.actions.find(({ action }) => action === this.open);
      if (this.open && !offered?.allowed) {
        // Somebody acted while the form was open; what was typed is kept.
        this.open = null;
        this.trouble ??= { kind: 'conflict', state: answer.state, last: null };
      }
    } catch {
      if (this.looks === mine) this.failed = true;
    }
  }

  offer(action: string): Offer | undefined {
    return this.offers?.actions.find((each) => each.action === action);
  }

  draft(caseId: number, action: string): Values {
    return this.drafts.get(`${caseId} ${action}`) ?? {};
  }

  keep(caseId: number, action: string, values: Values): void {
    this.drafts.set(`${caseId} ${action}`, values);
  }

  start(action: string): void {
    this.trouble = null;
    this.open = action;
  }

  /** What a key means for the case on the page; undefined: nothing. */
  deedOf(key: string): (() => void) | undefined {
    if (key === 'u' && this.undoable?.until) return () => void this.undo();
    const { take } = this;
    const found = this.allowed.find(({ action }) => keyOf(action) === key);
    return found && take && !this.open ? () => take(found.action) : undefined;
  }

  cancel(): void {
    this.unsent = null;
    this.open = null;
    this.trouble = null;
  }

  /** Does it, once: the same intent tried again carries the same key. True when it went through. */
  async send(action: string, body: Record<string, unknown>): Promise<boolean> {
    const { offers: current } = this;
    if (!current || this.busy) return false;
    return this.perform(current.case_id, current.version, action, body);
  }

  async undo(): Promise<void> {
    const last = this.undoable;
    if (!last?.until || this.busy) return;
    this.undoable = null;
    // A camera may have seen it again meanwhile: that is a version, but nobody's step.
    const version = openCases.byId.get(last.caseId)?.version ?? last.version;
    await this.perform(last.caseId, version, 'undo', {});
  }

  dismiss(): void {
    this.undoable = null;
  }

  private async perform(
    caseId: number,
    version: number,
    action: string,
    body: Record<string, unknown>,
  ): Promise<boolean> {
    const intent = JSON.stringify([caseId, version, action, body]);
    const key = this.intents.get(intent) ?? newKey();
    this.intents.set(intent, key);
    this.busy = action;
    this.trouble = null;
    this.unsent = null;
    try {
      const done = await act(caseId, action, version, body, key);
      this.intents.delete(intent);
      this.drafts.delete(`${caseId} ${action}`);
      this.went(action, done);
      return true;
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      this.trouble = troubleOf(error.problem);
      if (this.trouble.kind === 'unreachable') {
        this.sendLater(() => this.perform(caseId, version, action, body));
      } else {
        this.intents.delete(intent);
        // What the case is now is read again: somebody may have been faster.
        this.done += 1;
        void this.look(this.asked);
      }
      return false;
    } finally {
      this.busy = null;
    }
  }

  private sendLater(deed: () => Promise<boolean>): void {
    this.unsent = deed;
    clearTimeout(this.resend);
    this.resend = setTimeout(this.sendNow, RESEND_MS);
    addEventListener('online', this.sendNow, { once: true });
  }

  private sendNow = (): void => {
    const { unsent } = this;
    if (!unsent || this.busy) return;
    this.unsent = null;
    void unsent();
  };

  private went(action: string, { case: row, undo_until }: Done): void {
    this.open = null;
    this.show(row);
    this.remember({
      caseId: row.id,
      version: row.version,
      state: row.state,
      action,
      until: undo_until === null || action === 'undo' ? null : Date.parse(undo_until),
    });
    this.done += 1;
    if (this.asked === row.id) void this.look(row.id);
  }

  private show(row: CaseRow): void {
    openCases.merge([row], []);
  }

  /** The toast: as long as it can be taken back, a few seconds where it cannot. */
  private remember(undoable: Undoable): void {
    this.undoable = undoable;
    clearTimeout(this.toast);
    const ms = undoable.until === null ? TOAST_MS : undoable.until - clock.now;
    this.toast = setTimeout(
      () => {
        if (this.undoable === undoable) this.undoable = null;
      },
      Math.max(ms, 0),
    );
  }
}

export const work = new Work();
