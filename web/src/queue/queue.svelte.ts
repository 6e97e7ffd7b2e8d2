import { isMyMove } from '../action/whose_move';
import type { CaseRow } from '../api/types';
import { i18n, word } from '../i18n/index.svelte';
import { openCases } from '../live/cases.svelte';
import { clock } from '../live/clock.svelte';
import { mapView } from '../map/view.svelte';
import { place } from '../shell/place.svelte';
import { reference } from '../shell/reference.svelte';
import { session } from '../shell/session.svelte';
import { NO_FILTER } from '../situation';
import { arranged, type CaseWords, passes } from './select';

const names: CaseWords = {
  className: (code) => reference.className(code),
  unitName: (row) => {
    const unit = row.handling_unit ?? row.unit;
    return unit ? i18n.name(unit) : '';
  },
  stateName: (row) => word(i18n.t.work.states, row.state),
  isMine: (row) => session.person !== null && isMyMove(row, session.person),
};

/** The cases as the person asked to see them; the list and the map show the same ones. */
class Queue {
  readonly all = $derived.by(() => {
    openCases.version;
    return [...openCases.byId.values()];
  });
  readonly rows = $derived(this.all.filter((row) => passes(row, place.filter, names)));
  /** Groups by deadline move by the half minute, not with every tick of the clock. */
  private readonly moment = $derived(Math.floor(clock.now / 30_000) * 30_000);
  readonly items = $derived(
    arranged(this.rows, place.order, place.order === 'due' ? this.moment : 0),
  );
  readonly mine = $derived(this.all.filter(names.isMine));
  /** What the class and unit buttons count: what is left by whose move it is and by state. */
  readonly scope = $derived(
    this.all.filter((row) =>
      passes(row, { ...NO_FILTER, state: place.filter.state, mine: place.filter.mine }, names),
    ),
  );
  readonly isFiltered = $derived(Object.values(place.filter).some((value) => value));
  readonly selected = $derived.by(() => {
    openCases.version;
    return place.caseId === null ? undefined : openCases.byId.get(place.caseId);
  });

  /** Picks a row: shows it on the map; the same row again goes back to where the view was. */
  pick(row: CaseRow): void {
    if (place.caseId === row.id) {
      this.drop();
      return;
    }
    place.selectCase(row.id);
    mapView.show(row);
  }

  drop(): void {
    place.selectCase(null);
    place.selectCamera(null);
    mapView.back();
  }

  /** The row after (1) or before (-1) the selected one; the first when none is. */
  step(by: 1 | -1): void {
    const rows = this.items.flatMap((item) => (item.kind === 'case' ? [item.row] : []));
    const at = rows.findIndex((row) => row.id === place.caseId);
    const row = at < 0 ? rows[0] : rows[at + by];
    if (row) this.pick(row);
  }
}

export const queue = new Queue();
