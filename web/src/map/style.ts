import type { ExpressionSpecification, LayerSpecification, StyleSpecification } from 'maplibre-gl';
import type { CatalogueClass } from '../api/types';
import type { Language } from '../i18n/index.svelte';
import type { Messages } from '../i18n/zh';
import { fontFaces, MAP_FONT } from './fonts';
import { happenings } from './happenings';
import type { Palette } from './palette';

/** What the style depends on besides the data. */
export interface Look {
  colours: Palette;
  language: Language;
  t: Messages;
  /** Names for components in the tiles, which carry codes. */
  componentClasses: CatalogueClass[];
  layers: LayerChoice;
}

export interface LayerChoice {
  cells: boolean;
  tint: boolean;
  components: boolean;
  cameras: boolean;
  collectors: boolean;
  views: boolean;
  buildings: boolean;
}

export const COMPONENTS_FROM_ZOOM = 15;
/** Sources that are layers of our own tiles, under the same name. */
export const TILE_SOURCES = ['basemap', 'cells', 'components', 'collectors'];

/** Of these the ones from which something is drawn. */
export function shownSources(choice: LayerChoice): string[] {
  return TILE_SOURCES.filter(
    (source) => (source !== 'components' && source !== 'collectors') || choice[source],
  );
}

export const EMPTY: GeoJSON.FeatureCollection = { type: 'FeatureCollection', features: [] };
export const font = { 'text-font': [MAP_FONT] };
/** Minutes since 1970, set on the map as time passes; ages are never stored. */
export const minute: ExpressionSpecification = ['coalesce', ['global-state', 'minute'], 0];

function byZoom(...stops: number[]): ExpressionSpecification {
  return [
    'interpolate',
    ['exponential', 1.6],
    ['zoom'],
    ...stops,
  ] as unknown as ExpressionSpecification;
}

/** Of a circle that stands for so many things, in pixels: ten times as many are as much wider again. */
function countRadius(largest: number, of: number): ExpressionSpecification {
  const count: ExpressionSpecification = ['ln', ['get', 'count']];
  return ['interpolate', ['linear'], count, 0, 0.9, Math.log(of), largest];
}

function visible(yes: boolean): 'visible' | 'none' {
  return yes ? 'visible' : 'none';
}

function nameOf(language: Language): ExpressionSpecification {
  const zh: ExpressionSpecification = ['coalesce', ['get', 'name'], ''];
  if (language === 'zh') return zh;
  const en: ExpressionSpecification = ['coalesce', ['get', 'name_en'], ''];
  return ['case', ['!=', en, ''], en, zh];
}

function streetWidth(scale: number, add = 0): ExpressionSpecification {
  const width = (major: number, minor: number, path: number): ExpressionSpecification => [
    'match',
    ['get', 'rank'],
    'major',
    major * scale + add,
    'minor',
    minor * scale + add,
    path * scale + add,
  ];
  return [
    'interpolate',
    ['exponential', 1.6],
    ['zoom'],
    11,
    width(1.4, 0.5, 0),
    14,
    width(5, 2.2, 0.8),
    18,
    width(34, 20, 7),
  ];
}

function ground({ colours, language, layers }: Look): LayerSpecification[] {
  const isPath: ExpressionSpecification = ['in', ['get', 'rank'], ['literal', ['service', 'path']]];
  return [
    { id: 'land', type: 'background', paint: { 'background-color': colours.land } },
    {
      id: 'green',
      type: 'fill',
      source: 'basemap',
      'source-layer': 'green',
      paint: { 'fill-color': colours.green },
    },
    {
      id: 'cell-tint',
      type: 'fill',
      source: 'cells',
      'source-layer': 'cells',
      layout: { visibility: visible(layers.tint) },
      paint: { 'fill-color': ownerColour(colours), 'fill-opacity': colours.ownerOpacity },
    },
    {
      id: 'water',
      type: 'fill',
      source: 'basemap',
      'source-layer': 'water',
      filter: ['==', ['geometry-type'], 'Polygon'],
      paint: { 'fill-color': colours.water },
    },
    {
      id: 'water-line',
      type: 'line',
      source: 'basemap',
      'source-layer': 'water',
      filter: ['==', ['geometry-type'], 'LineString'],
      paint: { 'line-color': colours.water, 'line-width': byZoom(12, 1, 18, 12) },
    },
    {
      id: 'building',
      type: 'fill',
      source: 'basemap',
      'source-layer': 'building',
      minzoom: 13.5,
      layout: { visibility: visible(layers.buildings) },
      paint: {
        'fill-color': colours.building,
        'fill-opacity': byZoom(13.5, 0, 14.5, 1),
        'fill-outline-color': colours.streetEdge,
      },
    },
    {
      id: 'street-edge',
      type: 'line',
      source: 'basemap',
      'source-layer': 'street',
      minzoom: 13,
      filter: ['!', isPath],
      layout: { 'line-cap': 'round', 'line-join': 'round' },
      paint: { 'line-color': colours.streetEdge, 'line-width': streetWidth(1, 1.4) },
    },
    {
      id: 'street',
      type: 'line',
      source: 'basemap',
      'source-layer': 'street',
      layout: { 'line-cap': 'round', 'line-join': 'round' },
      paint: {
        'line-color': ['match', ['get', 'rank'], 'major', colours.streetMajor, colours.street],
        'line-width': streetWidth(1),
      },
    },
    {
      id: 'water-label',
      type: 'symbol',
      source: 'basemap',
      'source-layer': 'water',
      minzoom: 13,
      layout: { ...font, 'text-field': nameOf(language), 'text-size': 12, 'text-max-width': 8 },
      paint: {
        'text-color': colours.waterLabel,
        'text-halo-color': colours.halo,
        'text-halo-width': 1,
      },
    },
    {
      id: 'street-label',
      type: 'symbol',
      source: 'basemap',
      'source-layer': 'street',
      minzoom: 13,
      layout: {
        ...font,
        'symbol-placement': 'line',
        'symbol-spacing': 420,
        'text-field': nameOf(language),
        'text-size': ['match', ['get', 'rank'], 'major', 13, 12],
        'text-letter-spacing': 0.06,
      },
      paint: {
        'text-color': colours.labelFaint,
        'text-halo-color': colours.halo,
        'text-halo-width': 1.3,
      },
    },
  ];
}

/** The colour of a cell's responsible unit. */
export function ownerColour(colours: Palette, property = 'unit'): ExpressionSpecification {
  const unit: ExpressionSpecification = ['coalesce', ['get', property], -1];
  const cases = colours.owners.flatMap((colour, i) => [i, colour]);
  return [
    'match',
    ['%', unit, colours.owners.length],
    ...cases,
    'transparent',
  ] as unknown as ExpressionSpecification;
}

/** Only the cell of a case, which has its code still where it has been redrawn since; none without one.
 * Far out the tiles carry no codes: every cell would have the empty one. */
export function cellShown(cell: { id: number; code: string } | null): ExpressionSpecification {
  const { id, code } = cell ?? { id: -1, code: 'none' };
  return ['any', ['==', ['id'], id], ['==', ['to-string', ['get', 'code']], code]];
}

/** A cell is told apart by its last nine digits (street, community, sequence). */
function cellLabel(language: Language): ExpressionSpecification {
  const code: ExpressionSpecification = ['to-string', ['get', 'code']];
  const short: ExpressionSpecification = [
    'concat',
    ['slice', code, 6, 9],
    '-',
    ['slice', code, 9, 12],
    '-',
    ['slice', code, 12, 15],
  ];
  const unit: ExpressionSpecification = [
    'coalesce',
    ['get', language === 'zh' ? 'unit_zh' : 'unit_en'],
    '',
  ];
  return ['step', ['zoom'], short, 15.5, ['format', short, {}, '\n', {}, unit, {}]];
}

function territory({ colours, language, layers, componentClasses }: Look): LayerSpecification[] {
  const isGood: ExpressionSpecification = ['==', ['coalesce', ['get', 'state'], 'good'], 'good'];
  const className: ExpressionSpecification | string =
    componentClasses.length === 0
      ? ''
      : ([
          'match',
          ['get', 'class'],
          ...componentClasses.flatMap((each) => [
            each.code,
            language === 'zh' ? each.name_zh : each.name_en,
          ]),
          '',
        ] as unknown as ExpressionSpecification);
  return [
    {
      id: 'cell-line',
      type: 'line',
      source: 'cells',
      'source-layer': 'cells',
      layout: { visibility: visible(layers.cells), 'line-join': 'round' },
      paint: {
        'line-color': colours.cellLine,
        'line-opacity': byZoom(12, 0.35, 15, 0.8),
        'line-width': byZoom(12, 0.5, 17, 1.4),
        'line-dasharray': [4, 2.5],
      },
    },
    {
      id: 'cell-shown',
      type: 'line',
      source: 'cells',
      'source-layer': 'cells',
      filter: cellShown(null),
      paint: { 'line-color': colours.camera, 'line-width': 2.5 },
    },
    {
      // Below that zoom the tiles carry how many there are, in squares.
      id: 'component-density',
      type: 'circle',
      source: 'components',
      'source-layer': 'component_density',
      maxzoom: COMPONENTS_FROM_ZOOM,
      layout: { visibility: visible(layers.components) },
      paint: {
        'circle-color': colours.component,
        // a square is 8 pixels wide up to zoom 11 and 16 from there on
        'circle-radius': ['step', ['zoom'], countRadius(3.6, 3000), 12, countRadius(6.5, 300)],
        'circle-opacity': 0.45,
      },
    },
    {
      id: 'component',
      type: 'circle',
      source: 'components',
      'source-layer': 'components',
      minzoom: COMPONENTS_FROM_ZOOM,
      layout: { visibility: visible(layers.components) },
      paint: {
        'circle-color': ['case', isGood, colours.component, colours.damaged],
        'circle-radius': byZoom(15, 1.3, 18, 4),
        'circle-opacity': byZoom(15, 0.55, 17, 0.9),
        'circle-stroke-color': colours.halo,
        'circle-stroke-width': byZoom(16, 0, 18, 1),
      },
    },
    {
      id: 'component-label',
      type: 'symbol',
      source: 'components',
      'source-layer': 'components',
      minzoom: 17.5,
      layout: {
        ...font,
        visibility: visible(layers.components),
        'text-field': className,
        'text-size': 12,
        'text-offset': [0, 0.6],
        'text-anchor': 'top',
      },
      paint: {
        'text-color': colours.labelFaint,
        'text-halo-color': colours.halo,
        'text-halo-width': 1.2,
      },
    },
    {
      id: 'cell-label',
      type: 'symbol',
      source: 'cells',
      'source-layer': 'cell_labels',
      minzoom: 14,
      layout: {
        ...font,
        visibility: visible(layers.cells),
        'text-field': cellLabel(language),
        'text-size': 12,
        'text-letter-spacing': 0.02,
        'text-padding': 24,
        'text-max-width': 14,
      },
      paint: {
        'text-color': colours.cellLabel,
        'text-halo-color': colours.halo,
        'text-halo-width': 1.3,
      },
    },
  ];
}

function eyes({ colours, layers }: Look): LayerSpecification[] {
  return [
    {
      id: 'view-fill',
      type: 'fill',
      source: 'views',
      minzoom: 13,
      layout: { visibility: visible(layers.views) },
      paint: {
        'fill-color': colours.camera,
        'fill-opacity': ['case', ['boolean', ['feature-state', 'chosen'], false], 0.24, 0.1],
      },
    },
    {
      id: 'view-line',
      type: 'line',
      source: 'views',
      minzoom: 13,
      layout: { visibility: visible(layers.views), 'line-join': 'round' },
      paint: { 'line-color': colours.camera, 'line-opacity': 0.55, 'line-width': 1 },
    },
    {
      id: 'camera',
      type: 'symbol',
      source: 'cameras',
      layout: {
        visibility: visible(layers.cameras),
        'icon-image': ['get', 'icon'],
        'icon-size': ['interpolate', ['linear'], ['zoom'], 12, 0.6, 15, 1],
        'icon-allow-overlap': true,
        'icon-ignore-placement': true,
      },
    },
    {
      id: 'camera-label',
      type: 'symbol',
      source: 'cameras',
      minzoom: 15.5,
      layout: {
        ...font,
        visibility: visible(layers.cameras),
        'text-field': ['get', 'label'],
        'text-size': 12,
        'text-offset': [0, 1.1],
        'text-anchor': 'top',
        'text-max-width': 9,
      },
      paint: {
        'text-color': colours.label,
        'text-halo-color': colours.halo,
        'text-halo-width': 1.3,
      },
    },
  ];
}

/** Collectors and checkers on duty. */
function people({ layers }: Look): LayerSpecification {
  return {
    id: 'collector',
    type: 'symbol',
    source: 'collectors',
    'source-layer': 'collectors',
    layout: {
      visibility: visible(layers.collectors),
      'icon-image': ['match', ['get', 'state'], 'away', 'collector-away', 'collector'],
      'icon-size': ['interpolate', ['linear'], ['zoom'], 12, 0.7, 15, 1],
      'icon-allow-overlap': true,
      'icon-ignore-placement': true,
    },
  };
}

/** The whole map as one value: the ground, whose it is, who looks at it and is on it, what happens. */
export function style(look: Look): StyleSpecification {
  const overlay = { type: 'geojson' as const, data: EMPTY };
  return {
    version: 8,
    'font-faces': fontFaces(),
    sources: {
      basemap: { type: 'vector', url: '/tiles/basemap' },
      cells: { type: 'vector', url: '/tiles/cells' },
      components: { type: 'vector', url: '/tiles/components' },
      collectors: { type: 'vector', url: '/tiles/collectors' },
      views: { ...overlay, promoteId: 'camera' },
      cameras: overlay,
      cases: overlay,
      ellipse: overlay,
      because: overlay,
      chosen: overlay,
      question: overlay,
    },
    layers: [...ground(look), ...territory(look), ...eyes(look), people(look), ...happenings(look)],
  };
}

/** The streets, the water and the green alone, for maps that draw cells of their own. */
export function groundAlone(look: Look): LayerSpecification[] {
  return ground(look).filter((layer) => !('source' in layer) || layer.source === 'basemap');
}

/** Tiles always come from this page's own server, whatever address it believes to have. */
export function ownServer(url: string): { url: string } {
  const { pathname, search } = new URL(url, location.href);
  return pathname.startsWith('/tiles/')
    ? { url: location.origin + decodeURI(pathname) + search }
    : { url };
}
