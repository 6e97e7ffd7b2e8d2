import { work } from '../action/work.svelte';
import { caseView } from '../case/view.svelte';
import { deskList } from '../desk/list.svelte';
import { openCases } from '../live/cases.svelte';
import { boundsOf } from '../map/shapes';
import { mapView } from '../map/view.svelte';
import { queue } from '../queue/queue.svelte';
import { place } from './place.svelte';

const STORED = 'cityward.single-keys';

/** The names of the shortcuts, in the order of the sheet; `keys` is what is printed. */
export const SHORTCUTS = [
  { name: 'search', keys: ['/'] },
  { name: 'next', keys: ['J'] },
  { name: 'previous', keys: ['K'] },
  { name: 'open', keys: ['Enter'] },
  { name: 'evidence', keys: ['←', '→'] },
  { name: 'camera', keys: ['C'] },
  { name: 'cell', keys: ['G'] },
  { name: 'fit', keys: ['F'] },
  { name: 'undo', keys: ['U'] },
  { name: 'action', keys: ['A', 'D', 'V', 'R', 'M'] },
  { name: 'lock', keys: ['L'] },
  { name: 'close', keys: ['Esc'] },
  { name: 'sheet', keys: ['?'] },
] as const;

function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && target.matches('input, select, textarea');
}

export function fitAll(): void {
  const rows = queue.rows.length > 0 ? queue.rows : [...openCases.byId.values()];
  mapView.fit(boundsOf(rows));
}

/** One table from key to deed. Single keys can be switched off (WCAG 2.1.4). */
class Keyboard {
  sheetOpen = $state(false);
  singleKeys = $state(localStorage.getItem(STORED) !== 'off');

  toggleSingleKeys(): void {
    this.singleKeys = !this.singleKeys;
    localStorage.setItem(STORED, this.singleKeys ? 'on' : 'off');
  }

  press(event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector('dialog[open]')) {
      return;
    }
    if (event.key === 'Escape') {
      this.escape();
      return;
    }
    if (isTyping(event.target) || !this.singleKeys) return;
    const act = work.deedOf(event.key) ?? this.onPage(event);
    if (!act) return;
    event.preventDefault();
    act();
  }

  private escape(): void {
    const focused = document.activeElement;
    if (focused instanceof HTMLElement && isTyping(focused)) focused.blur();
    else if (work.open) work.cancel();
    else if (caseView.showsNow) caseView.showsNow = false;
    else if (place.page === 'map') queue.drop();
    // the editor lets go of what it holds
    else if (place.page === 'grid') return;
    else if (place.page !== 'case') place.go(place.page, { tab: place.tab });
  }

  private onPage(event: KeyboardEvent): (() => void) | undefined {
    if (place.page === 'map') return this.onMap(event);
    if (place.page === 'operator' && event.key === 'n') {
      return () => place.go('operator', { tab: 'register' });
    }
    if (event.key === 'j') return () => deskList.step(1);
    if (event.key === 'k') return () => deskList.step(-1);
    if (event.key === 'ArrowLeft') return caseView.earlier;
    if (event.key === 'ArrowRight') return caseView.later;
    return this.anywhere(event.key);
  }

  private anywhere(key: string): (() => void) | undefined {
    if (key === '?') return () => (this.sheetOpen = true);
    if (key === '/') return () => document.querySelector<HTMLElement>('#search')?.focus();
    return undefined;
  }

  private onMap(event: KeyboardEvent): (() => void) | undefined {
    const inMap = event.target instanceof HTMLElement && event.target.closest('.maplibregl-map');
    switch (event.key) {
      case 'j':
        return () => queue.step(1);
      case 'k':
        return () => queue.step(-1);
      case 'Enter':
        return event.target === document.body
          ? () => document.querySelector<HTMLElement>('#details')?.focus()
          : undefined;
      case 'ArrowLeft':
        return inMap ? undefined : caseView.earlier;
      case 'ArrowRight':
        return inMap ? undefined : caseView.later;
      case 'c':
        return () => caseView.toggleNow();
      case 'g':
        return () => caseView.toggleCell();
      case 'f':
        return fitAll;
      case 'l':
        return () => mapView.toggleLock();
      default:
        return this.anywhere(event.key);
    }
  }
}

export const keyboard = new Keyboard();
