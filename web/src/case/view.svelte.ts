import { ApiError, caseDetail } from '../api/client';
import type { CaseDetail, Evidence } from '../api/types';

type Failure = 'gone' | 'failed' | null;

/** The selected case in full, and which of its pictures is looked at. */
class CaseView {
  detail = $state.raw<CaseDetail | null>(null);
  failure = $state<Failure>(null);
  /** Whether the camera's newest frame is shown instead of the evidence. */
  showsNow = $state(false);
  showsCell = $state(false);
  private evidenceId = $state<number | null>(null);
  private asked: number | null = null;

  /** In order of capture. */
  readonly evidence = $derived(
    [...(this.detail?.evidence ?? [])].sort(
      (a, b) => Date.parse(a.captured_at) - Date.parse(b.captured_at),
    ),
  );
  /** The one being looked at stays, however many arrive; else the newest. */
  readonly at = $derived.by(() => {
    const chosen = this.evidence.findIndex((each) => each.id === this.evidenceId);
    return chosen >= 0 ? chosen : this.evidence.length - 1;
  });
  readonly current = $derived<Evidence | undefined>(this.evidence[this.at]);

  /** Reads a case; what is shown of the same case stays until the answer is here. */
  async open(caseId: number | null): Promise<void> {
    this.asked = caseId;
    if (this.detail?.id !== caseId) {
      this.detail = null;
      this.evidenceId = null;
      this.showsNow = false;
    }
    this.failure = null;
    if (caseId === null) {
      this.showsCell = false;
      return;
    }
    try {
      const detail = await caseDetail(caseId);
      const known = this.detail?.id === caseId ? this.detail.version : 0;
      if (this.asked === caseId && detail.version >= known) this.detail = detail;
    } catch (error) {
      if (this.asked !== caseId) return;
      const isGone = error instanceof ApiError && error.status === 404;
      // what is shown stays, with what is being typed; it is read again with the next change
      if (isGone || this.detail?.id !== caseId) this.failure = isGone ? 'gone' : 'failed';
    }
  }

  /** Reads the case that is shown again. */
  async refresh(): Promise<void> {
    await this.open(this.asked);
  }

  earlier = (): void => this.turn(-1);
  later = (): void => this.turn(1);

  toggleNow(): void {
    if (this.detail?.camera_id) this.showsNow = !this.showsNow;
  }

  toggleCell(): void {
    this.showsCell = this.detail !== null && !this.showsCell;
  }

  private turn(by: 1 | -1): void {
    const next = this.evidence[this.at + by];
    if (next) this.evidenceId = next.id;
  }
}

export const caseView = new CaseView();
