import type { CaseRow } from '../api/types';
import { place } from '../shell/place.svelte';

/** The cases on the desk that is open, in its order; j and k walk through them. */
class DeskList {
  rows: CaseRow[] = [];

  step(by: 1 | -1): void {
    const at = this.rows.findIndex((row) => row.id === place.caseId);
    const row = at < 0 ? this.rows[0] : this.rows[at + by];
    if (row) place.go(place.page, { caseId: row.id, tab: place.tab });
  }
}

export const deskList = new DeskList();
