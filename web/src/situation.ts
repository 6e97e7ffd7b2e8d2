/** What the address says: the page, the view, the selection, the filters. */

export type Page = 'map' | 'cameras' | 'platforms';
export type Order = 'newest' | 'class';

export interface View {
  lon: number;
  lat: number;
  zoom: number;
}

export interface Filter {
  class: string | null;
  /** A unit's id; 0 stands for cases that nobody is responsible for. */
  unit: number | null;
  /** A cell's code. */
  cell: string | null;
  camera: string | null;
  text: string;
}

export interface Situation {
  page: Page;
  /** Where on a page that has places of its own: `['rules', '3']` of `#/admin/rules/3`. */
  path: string[];
  view: View | null;
  caseId: number | null;
  cameraId: string | null;
  filter: Filter;
  order: Order;
}

export const NO_FILTER: Filter = { class: null, unit: null, cell: null, camera: null, text: '' };

const PAGES: readonly Page[] = ['map', 'cameras', 'platforms'];

function numberIn(params: URLSearchParams, key: string): number | null {
  const text = params.get(key);
  const value = Number(text);
  return text !== null && text !== '' && Number.isSafeInteger(value) ? value : null;
}

function viewIn(params: URLSearchParams): View | null {
  const [zoom, lat, lon] = (params.get('at') ?? '').split('/').map(Number);
  const valid =
    zoom !== undefined &&
    lat !== undefined &&
    lon !== undefined &&
    zoom >= 0 &&
    zoom <= 24 &&
    Math.abs(lat) <= 90 &&
    Math.abs(lon) <= 180;
  return valid ? { lon, lat, zoom } : null;
}

/** Reads an address such as `#/map?at=15.2/32.45/119.92&case=12`; what it cannot read is default. */
export function situationFrom(hash: string): Situation {
  const [path = '', query = ''] = hash.replace(/^#\/?/, '').split('?');
  const params = new URLSearchParams(query);
  const [first, ...rest] = path.split('/').filter(Boolean);
  return {
    page: PAGES.find((page) => page === first) ?? 'map',
    path: rest,
    view: viewIn(params),
    caseId: numberIn(params, 'case'),
    cameraId: params.get('camera') || null,
    filter: {
      class: params.get('class') || null,
      unit: numberIn(params, 'unit'),
      cell: params.get('cell') || null,
      camera: params.get('from') || null,
      text: params.get('q') ?? '',
    },
    order: params.get('order') === 'class' ? 'class' : 'newest',
  };
}

/** The address of a situation; the inverse of {@link situationFrom}. */
export function hashOf(situation: Situation): string {
  const { page, view, caseId, cameraId, filter, order } = situation;
  if (page !== 'map') return `#/${[page, ...situation.path].join('/')}`;
  const params: [string, string | number | null][] = [
    ['case', caseId],
    ['camera', cameraId],
    ['class', filter.class],
    ['unit', filter.unit],
    ['cell', filter.cell],
    ['from', filter.camera],
    ['q', filter.text || null],
    ['order', order === 'class' ? order : null],
    ['at', view && `${view.zoom.toFixed(2)}/${view.lat.toFixed(5)}/${view.lon.toFixed(5)}`],
  ];
  const query = params
    .filter(([, value]) => value !== null)
    .map(([key, value]) => `${key}=${encodeURIComponent(value as string | number)}`)
    .join('&')
    .replaceAll('%2F', '/');
  return query ? `#/map?${query}` : '#/map';
}
