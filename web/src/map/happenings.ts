import type { ExpressionSpecification, LayerSpecification } from 'maplibre-gl';
import type { Messages } from '../i18n/zh';
import { font, type Look, minute } from './style';

/** Minutes up to an hour, hours after that; nothing in the first minute. */
function ageText(t: Messages): ExpressionSpecification {
  const age: ExpressionSpecification = ['-', minute, ['get', 'opened']];
  const inHours: ExpressionSpecification = ['to-string', ['floor', ['/', age, 60]]];
  const inMinutes: ExpressionSpecification = ['to-string', ['floor', age]];
  return [
    'case',
    ['<', age, 1],
    t.time.justNow,
    ['<', age, 60],
    ['concat', inMinutes, ' ', t.time.minutesShort],
    ['concat', inHours, ' ', t.time.hoursShort],
  ];
}

/** What happens on the map: cases, how pressing they are, the chosen one and why it is whose. */
export function happenings({ colours, t }: Look): LayerSpecification[] {
  const age: ExpressionSpecification = ['-', minute, ['get', 'opened']];
  const freshness: ExpressionSpecification = ['interpolate', ['linear'], age, 0, 0.5, 2, 0];
  const label: ExpressionSpecification = ['get', 'label'];
  return [
    {
      id: 'ellipse-fill',
      type: 'fill',
      source: 'ellipse',
      paint: { 'fill-color': colours.triage, 'fill-opacity': 0.18 },
    },
    {
      id: 'ellipse-line',
      type: 'line',
      source: 'ellipse',
      paint: { 'line-color': colours.triage, 'line-width': 1.4 },
    },
    {
      id: 'because-line',
      type: 'line',
      source: 'because',
      layout: { 'line-cap': 'round' },
      paint: { 'line-color': colours.selected, 'line-width': 1.4, 'line-dasharray': [1, 2] },
    },
    {
      id: 'because-component',
      type: 'circle',
      source: 'because',
      filter: ['==', ['geometry-type'], 'Point'],
      paint: {
        'circle-radius': 5,
        'circle-color': colours.component,
        'circle-stroke-color': colours.selected,
        'circle-stroke-width': 1.6,
      },
    },
    {
      id: 'case-fresh',
      type: 'circle',
      source: 'cases',
      paint: {
        'circle-radius': 17,
        'circle-color': colours.triage,
        'circle-opacity': freshness,
        'circle-blur': 0.55,
      },
    },
    {
      id: 'case-time',
      type: 'circle',
      source: 'cases',
      paint: {
        'circle-radius': 11,
        'circle-color': 'transparent',
        'circle-stroke-width': 2.5,
        'circle-stroke-color': [
          'case',
          ['>=', minute, ['get', 'due']],
          colours.over,
          ['>=', minute, ['get', 'warn']],
          colours.soon,
          'transparent',
        ],
      },
    },
    {
      id: 'case',
      type: 'symbol',
      source: 'cases',
      layout: {
        'icon-image': ['get', 'icon'],
        'icon-size': ['interpolate', ['linear'], ['zoom'], 12, 0.75, 16, 1],
        'icon-allow-overlap': true,
        'icon-ignore-placement': true,
        'symbol-sort-key': ['get', 'opened'],
      },
    },
    {
      id: 'case-label',
      type: 'symbol',
      source: 'cases',
      minzoom: 13.5,
      layout: {
        ...font,
        'text-field': [
          'step',
          ['zoom'],
          label,
          15,
          ['format', label, {}, '  ', {}, ageText(t), { 'font-scale': 0.9 }],
        ],
        'text-size': 13,
        'text-anchor': 'left',
        'text-offset': [1.1, 0],
        'text-justify': 'left',
        'text-max-width': 14,
        'symbol-sort-key': ['-', 0, ['get', 'opened']],
      },
      paint: {
        'text-color': colours.label,
        'text-halo-color': colours.halo,
        'text-halo-width': 1.5,
      },
    },
    {
      id: 'chosen',
      type: 'circle',
      source: 'chosen',
      paint: {
        'circle-radius': 13,
        'circle-color': 'transparent',
        'circle-stroke-color': colours.selected,
        'circle-stroke-width': 2.5,
      },
    },
    {
      id: 'question',
      type: 'circle',
      source: 'question',
      paint: {
        'circle-radius': 5,
        'circle-color': colours.selected,
        'circle-stroke-color': colours.halo,
        'circle-stroke-width': 2,
      },
    },
  ];
}
