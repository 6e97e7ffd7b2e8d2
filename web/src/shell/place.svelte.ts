import {
  type Filter,
  hashOf,
  NO_FILTER,
  type Order,
  type Page,
  type Situation,
  situationFrom,
  type View,
} from '../situation';

/** Where the person is in the application; kept equal to the address. */
class Place implements Situation {
  page = $state<Page>('map');
  path = $state.raw<string[]>([]);
  tab = $state<string | null>(null);
  view = $state.raw<View | null>(null);
  caseId = $state<number | null>(null);
  cameraId = $state<string | null>(null);
  filter = $state.raw<Filter>(NO_FILTER);
  order = $state<Order>('newest');

  constructor() {
    this.read();
    addEventListener('hashchange', () => this.read());
  }

  private read(): void {
    Object.assign(this, situationFrom(location.hash));
  }

  /** Call in an effect: a new page or selection is a step back can return to, a view is not. */
  write(): void {
    const hash = hashOf(this);
    if (hash === location.hash) return;
    const before = situationFrom(location.hash);
    const isStep =
      before.page !== this.page ||
      before.path.join('/') !== this.path.join('/') ||
      before.tab !== this.tab ||
      before.caseId !== this.caseId ||
      before.cameraId !== this.cameraId;
    if (isStep && location.hash) history.pushState(null, '', hash);
    else history.replaceState(null, '', hash);
  }

  /** To another page, with a case or a part of a desk chosen or none. */
  go(
    page: Page,
    { caseId = null, tab = null }: { caseId?: number | null; tab?: string | null } = {},
  ) {
    this.page = page;
    this.path = [];
    this.tab = tab;
    this.selectCase(caseId);
  }

  narrow(filter: Partial<Filter>): void {
    this.filter = { ...this.filter, ...filter };
  }

  selectCase(caseId: number | null): void {
    this.caseId = caseId;
    if (caseId !== null) this.cameraId = null;
  }

  selectCamera(cameraId: string | null): void {
    this.cameraId = cameraId;
    if (cameraId !== null) this.caseId = null;
  }
}

export const place = new Place();
