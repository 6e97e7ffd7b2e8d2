import type { CaseRow } from '../api/types';
import { isOpen } from '../case/phase';

/** Changes that arrive together are shown together. */
const APPLY_MS = 40;

/**
 * Every open case this browser knows. The map itself is not reactive (thousands of rows change);
 * `version` is, and moves a few times a second at most.
 */
class OpenCases {
  readonly byId = new Map<number, CaseRow>();
  version = $state(0);
  loaded = $state(false);
  /** Ids that arrived live and that nobody has been told about yet. */
  private fresh: number[] = [];
  private scheduled = false;

  /** The snapshot is the whole truth: what it does not name is gone. */
  replace(rows: CaseRow[]): void {
    this.byId.clear();
    for (const row of rows) this.byId.set(row.id, row);
    this.loaded = true;
    this.schedule();
  }

  /** Nothing is known any more: whoever comes next may see other cases. */
  clear(): void {
    this.byId.clear();
    this.fresh = [];
    this.loaded = false;
    this.schedule();
  }

  /** Takes changed rows; an older version never overwrites a newer one. */
  merge(rows: CaseRow[], fresh: number[]): void {
    for (const row of rows) {
      const known = this.byId.get(row.id);
      if (known && known.version > row.version) continue;
      if (isOpen(row)) this.byId.set(row.id, row);
      else this.byId.delete(row.id);
    }
    this.fresh.push(...fresh.filter((id) => this.byId.has(id)));
    this.schedule();
  }

  /** Ended, or no longer this person's to see. */
  drop(ids: number[]): void {
    if (ids.length === 0) return;
    for (const id of ids) this.byId.delete(id);
    this.schedule();
  }

  /** The cases that arrived since the last call. */
  takeFresh(): CaseRow[] {
    const rows = this.fresh.flatMap((id) => this.byId.get(id) ?? []);
    this.fresh = [];
    return rows;
  }

  private schedule(): void {
    if (this.scheduled) return;
    this.scheduled = true;
    // A timer, not an animation frame: a hidden or busy page stays right as well.
    setTimeout(() => {
      this.scheduled = false;
      this.version += 1;
    }, APPLY_MS);
  }
}

export const openCases = new OpenCases();
