import type { ExpressionSpecification, LayerSpecification, StyleSpecification } from 'maplibre-gl';
import { editWords } from '../../../i18n/grid_edit';
import { fontFaces } from '../../../map/fonts';
import type { Palette } from '../../../map/palette';
import { EMPTY, font, groundAlone, type Look, ownerColour } from '../../../map/style';

/** What each source holds. */
export const SOURCES = [
  // the faces as they are, by their id
  'faces',
  // faces as an operation under way would leave them
  'draft',
  // defects, repairs, ground that changes hands
  'places',
  // where a vertex is that can be taken
  'handles',
  // where the pointer comes to rest; a vertex that is held; where something was refused
  'marks',
] as const;
export type SourceName = (typeof SOURCES)[number];

/** The colours of kinds of places; what is the same kind of trouble has the same colour. */
export const PLACE_COLOURS = {
  overlap: 'over',
  duplicate: 'over',
  gap: 'soon',
  sliver: 'dispatch',
  unmatched: 'triage',
  outside: 'over',
  across: 'soon',
  unfollowed: 'dispatch',
  invalid_ring: 'inwork',
  repaired: 'verify',
  moved: 'soon',
} as const satisfies Record<string, keyof Palette>;
export type PlaceKind = keyof typeof PLACE_COLOURS;

function placeColour(colours: Palette): ExpressionSpecification {
  const cases = Object.entries(PLACE_COLOURS).flatMap(([kind, name]) => [kind, colours[name]]);
  return ['match', ['get', 'kind'], ...cases, colours.label] as unknown as ExpressionSpecification;
}

const whether = (state: string, yes: unknown, no: unknown) =>
  ['case', ['boolean', ['feature-state', state], false], yes, no] as ExpressionSpecification;

/** Faces drawn anew under way take the place of those that are there. */
function faces(source: 'faces' | 'draft', colours: Palette): LayerSpecification[] {
  const isCell: ExpressionSpecification = ['==', ['get', 'ground'], 'cell'];
  const opacity: ExpressionSpecification = ['case', isCell, colours.ownerOpacity * 2.2, 0.4];
  const shown = source === 'draft' ? opacity : whether('drafted', 0, opacity);
  const line = ['case', ['get', 'locked'], colours.label, colours.cellLine];
  return [
    {
      id: `${source}-fill`,
      type: 'fill',
      source,
      paint: {
        'fill-color': [
          'match',
          ['get', 'ground'],
          'unclaimed',
          colours.soon,
          'contested',
          colours.over,
          ownerColour(colours, 'answers'),
        ] as unknown as ExpressionSpecification,
        'fill-opacity': shown,
      },
    },
    {
      id: `${source}-line`,
      type: 'line',
      source,
      layout: { 'line-join': 'round' },
      paint: {
        'line-color': line as ExpressionSpecification,
        'line-width': ['interpolate', ['linear'], ['zoom'], 10, 0.6, 16, 1.6],
        'line-opacity': source === 'draft' ? 1 : whether('drafted', 0, 1),
      },
    },
    {
      // somebody else is at it
      id: `${source}-others`,
      type: 'line',
      source,
      layout: { 'line-join': 'round' },
      paint: {
        'line-color': colours.soon,
        'line-width': 2.2,
        'line-dasharray': [2, 1.6],
        'line-opacity': whether('others', 1, 0),
      },
    },
    {
      id: `${source}-chosen`,
      type: 'line',
      source,
      layout: { 'line-join': 'round' },
      paint: {
        'line-color': colours.selected,
        'line-width': 3,
        'line-opacity': whether('chosen', 1, 0),
      },
    },
  ];
}

function labels(colours: Palette): LayerSpecification {
  return {
    id: 'faces-label',
    type: 'symbol',
    source: 'faces',
    layout: {
      ...font,
      'text-field': [
        'case',
        ['get', 'locked'],
        // a word: not every computer has a font with a picture of a lock
        ['concat', ['get', 'label'], editWords.t.lockedMark],
        ['get', 'label'],
      ],
      'text-size': 12,
      'text-max-width': 8,
      'text-padding': 6,
    },
    paint: {
      'text-color': colours.cellLabel,
      'text-halo-color': colours.halo,
      'text-halo-width': 1.3,
    },
  };
}

function places(colours: Palette): LayerSpecification[] {
  const colour = placeColour(colours);
  const isPoint: ExpressionSpecification = ['==', ['geometry-type'], 'Point'];
  const isArea: ExpressionSpecification = ['==', ['geometry-type'], 'Polygon'];
  return [
    {
      id: 'places-fill',
      type: 'fill',
      source: 'places',
      filter: isArea,
      paint: { 'fill-color': colour, 'fill-opacity': 0.45 },
    },
    {
      // a sliver has no width of its own to be seen by
      id: 'places-line',
      type: 'line',
      source: 'places',
      filter: ['!', isPoint],
      layout: { 'line-join': 'round' },
      paint: { 'line-color': colour, 'line-width': whether('chosen', 4, 1.6) },
    },
    {
      id: 'places-point',
      type: 'circle',
      source: 'places',
      filter: isPoint,
      paint: {
        'circle-color': colour,
        'circle-radius': [
          'interpolate',
          ['linear'],
          ['zoom'],
          10,
          whether('chosen', 6, 1.2),
          16,
          whether('chosen', 7, 3.5),
        ],
        'circle-stroke-color': colours.halo,
        'circle-stroke-width': ['interpolate', ['linear'], ['zoom'], 12, 0, 15, 1],
      },
    },
  ];
}

function hands(colours: Palette): LayerSpecification[] {
  return [
    {
      id: 'handles',
      type: 'circle',
      source: 'handles',
      paint: {
        'circle-radius': 3.5,
        'circle-color': colours.land,
        'circle-stroke-color': colours.camera,
        'circle-stroke-width': 1.6,
      },
    },
    {
      id: 'marks-line',
      type: 'line',
      source: 'marks',
      filter: ['==', ['geometry-type'], 'LineString'],
      layout: { 'line-join': 'round', 'line-cap': 'round' },
      paint: { 'line-color': colours.camera, 'line-width': 2.4, 'line-dasharray': [2, 1.6] },
    },
    {
      id: 'marks',
      type: 'circle',
      source: 'marks',
      filter: ['==', ['geometry-type'], 'Point'],
      paint: {
        'circle-radius': ['match', ['get', 'mark'], 'refused', 11, 7],
        // filled on a street, so that it is told from a border without a colour
        'circle-color': ['match', ['get', 'mark'], 'street', colours.camera, 'transparent'],
        'circle-stroke-color': [
          'match',
          ['get', 'mark'],
          'refused',
          colours.over,
          'held',
          colours.selected,
          colours.camera,
        ],
        'circle-stroke-width': 2.4,
      },
    },
  ];
}

/** The planner's map: the ground in grey, the cells on it, and what is to be looked at. */
export function gridStyle(look: Look): StyleSpecification {
  const { colours } = look;
  const geojson = { type: 'geojson' as const, data: EMPTY, promoteId: 'face' };
  const own = SOURCES.map((name) => [
    name,
    name === 'places' ? { ...geojson, promoteId: 'place' } : geojson,
  ]);
  return {
    version: 8,
    // colours of paper are there at once when somebody prints
    transition: { duration: 0, delay: 0 },
    'font-faces': fontFaces(),
    sources: { basemap: { type: 'vector', url: '/tiles/basemap' }, ...Object.fromEntries(own) },
    layers: [
      ...groundAlone(look),
      ...faces('faces', colours),
      ...faces('draft', colours),
      ...places(colours),
      labels(colours),
      ...hands(colours),
    ],
  };
}
