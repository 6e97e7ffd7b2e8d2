import type { MapGeoJSONFeature, Map as MapLibre, MapMouseEvent } from 'maplibre-gl';
import { spacedCell } from '../case/because';
import { i18n } from '../i18n/index.svelte';
import { reference } from '../shell/reference.svelte';

/** A pointer is a blunt thing: what lies within this many pixels counts as hit. */
const REACH_PX = 5;

export type Picked = { kind: 'case'; id: number } | { kind: 'camera'; id: string };

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

/** The case or camera under the pointer; a case wins. */
export function pickAt(map: MapLibre, event: MapMouseEvent): Picked | null {
  const found = featuresAt(map, event, ['case', 'camera']);
  const hit = found.find((feature) => feature.layer.id === 'case') ?? found[0];
  if (!hit) return null;
  return hit.layer.id === 'case'
    ? { kind: 'case', id: Number(hit.id) }
    : { kind: 'camera', id: String(hit.properties.camera) };
}

function words({ layer, properties, id }: MapGeoJSONFeature): string {
  switch (layer.id) {
    case 'case':
      return `${properties.label} #${id}`;
    case 'camera':
      return `${properties.label} ${properties.camera}`;
    case 'component':
      return reference.className(String(properties.class));
    default: {
      const unit = i18n.language === 'zh' ? properties.unit_zh : properties.unit_en;
      return [spacedCell(String(properties.code)), unit].filter(Boolean).join(' · ');
    }
  }
}

/** What the pointer is over, in a few words: a case, a camera, a component, else the cell's owner. */
export function hintAt(map: MapLibre, event: MapMouseEvent) {
  const order = ['case', 'camera', 'component', 'cell-tint'];
  const found = featuresAt(map, event, order);
  for (const layer of order) {
    const hit = found.find((feature) => feature.layer.id === layer);
    if (hit) return { x: event.point.x, y: event.point.y, text: words(hit) };
  }
  return null;
}
