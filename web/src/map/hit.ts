import type { MapGeoJSONFeature, Map as MapLibre, MapMouseEvent } from 'maplibre-gl';
import { spacedCell } from '../case/because';
import { collectorWords } from '../i18n/collectors';
import { i18n } from '../i18n/index.svelte';
import { reference } from '../shell/reference.svelte';

/** A pointer is a blunt thing: what lies within this many pixels counts as hit. */
const REACH_PX = 5;

export type Picked =
  | { kind: 'case'; id: number }
  | { kind: 'camera'; id: string }
  | { kind: 'collector'; id: number };

function featuresAt(
  map: MapLibre,
  { point }: MapMouseEvent,
  layers: string[],
): MapGeoJSONFeature[] {
  const there = layers.filter((layer) => map.getLayer(layer));
  return map.queryRenderedFeatures(
    [
      [point.x - REACH_PX, point.y - REACH_PX],
      [point.x + REACH_PX, point.y + REACH_PX],
    ],
    { layers: there },
  );
}

/** The case, person or camera under the pointer; a case wins, then a person. */
export function pickAt(map: MapLibre, event: MapMouseEvent): Picked | null {
  const order = ['case', 'collector', 'camera'] as const;
  const found = featuresAt(map, event, [...order]);
  for (const kind of order) {
    const hit = found.find((feature) => feature.layer.id === kind);
    if (!hit) continue;
    return kind === 'camera'
      ? { kind, id: String(hit.properties.camera) }
      : { kind, id: Number(hit.id) };
  }
  return null;
}

function words({ layer, properties, id }: MapGeoJSONFeature): string {
  switch (layer.id) {
    case 'case':
      return `${properties.label} #${id}`;
    case 'camera':
      return `${properties.label} ${properties.camera}`;
    case 'collector':
      return collectorWords.t.states[properties.state === 'away' ? 'away' : 'present'];
    case 'component':
      return reference.className(String(properties.class));
    default: {
      const unit = i18n.language === 'zh' ? properties.unit_zh : properties.unit_en;
      const code = properties.code === undefined ? '' : spacedCell(String(properties.code));
      return [code, unit].filter(Boolean).join(' · ');
    }
  }
}

/** What the pointer is over, in a few words: a case, somebody on duty, a camera, a component, else the cell's owner. */
export function hintAt(map: MapLibre, event: MapMouseEvent) {
  const order = ['case', 'collector', 'camera', 'component', 'cell-tint'];
  const found = featuresAt(map, event, order);
  for (const layer of order) {
    const hit = found.find((feature) => feature.layer.id === layer);
    if (hit) return { x: event.point.x, y: event.point.y, text: words(hit) };
  }
  return null;
}
