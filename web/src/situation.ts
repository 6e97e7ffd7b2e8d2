/** What the address says: the page, the view, the selection, the filters. */

import { CASE_STATES, type CaseState } from './api/types';

export const PAGES = [
  'map',
  'operator',
  'chief',
  'unit',
  'field',
  'district',
  'committee',
  'quick',
  'orders',
  'outcomes',
  'rules',
  'grid',
  'admin',
  'audit',
  'exports',
  'cameras',
  'platforms',
  'case',
  'account',
] as const;
export type Page = (typeof PAGES)[number];
export type Order = 'due' | 'newest' | 'class';

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
  state: CaseState | null;
  /** Only what waits for this person. */
  mine: boolean;
  text: string;
}

export interface Situation {
  page: Page;
  /** Where on a page that has places of its own: `['rules', '3']` of `#/admin/rules/3`. */
  path: string[];
  /** Which part of a desk. */
  tab: string | null;
  view: View | null;
  caseId: number | null;
  cameraId: string | null;
  filter: Filter;
  order: Order;
}

export const NO_FILTER: Filter = {
  class: null,
  unit: null,
  cell: null,
  camera: null,
  state: null,
  mine: false,
  text: '',
};

const ORDERS: readonly Order[] = ['due', 'newest', 'class'];

function wholeNumber(text: string | null): number | null {
  const value = Number(text);
  return text !== null && text !== '' && Number.isSafeInteger(value) ? value : null;
}

function numberIn(params: URLSearchParams, key: string): number | null {
  return wholeNumber(params.get(key));
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
  const page = PAGES.find((each) => each === first) ?? 'map';
  return {
    page,
    path: page === 'map' || page === 'case' ? [] : rest,
    tab: params.get('tab') || null,
    view: viewIn(params),
    caseId: page === 'case' ? wholeNumber(rest[0] ?? null) : numberIn(params, 'case'),
    cameraId: params.get('camera') || null,
    filter: {
      class: params.get('class') || null,
      unit: numberIn(params, 'unit'),
      cell: params.get('cell') || null,
      camera: params.get('from') || null,
      state: CASE_STATES.find((state) => state === params.get('state')) ?? null,
      mine: params.get('mine') === 'yes',
      text: params.get('q') ?? '',
    },
    order: ORDERS.find((order) => order === params.get('order')) ?? 'newest',
  };
}

/** The address of a situation; the inverse of {@link situationFrom}. */
export function hashOf(situation: Situation): string {
  const { page, tab, view, caseId, cameraId, filter, order } = situation;
  if (page === 'case') return `#/case/${caseId ?? ''}`;
  const params: [string, string | number | null][] =
    page === 'map'
      ? [
          ['case', caseId],
          ['camera', cameraId],
          ['class', filter.class],
          ['unit', filter.unit],
          ['cell', filter.cell],
          ['from', filter.camera],
          ['state', filter.state],
          ['mine', filter.mine ? 'yes' : null],
          ['q', filter.text || null],
          ['order', order === 'newest' ? null : order],
          ['at', view && `${view.zoom.toFixed(2)}/${view.lat.toFixed(5)}/${view.lon.toFixed(5)}`],
        ]
      : [
          ['tab', tab],
          ['case', caseId],
        ];
  const query = params
    .filter(([, value]) => value !== null)
    .map(([key, value]) => `${key}=${encodeURIComponent(value as string | number)}`)
    .join('&')
    .replaceAll('%2F', '/');
  const path = [page, ...situation.path].join('/');
  return query ? `#/${path}?${query}` : `#/${path}`;
}
