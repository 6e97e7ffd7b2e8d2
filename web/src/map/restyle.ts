import type { LayerSpecification, Map as MapLibre } from 'maplibre-gl';

type Properties = Record<string, unknown>;

function changed(before: Properties = {}, after: Properties = {}): [string, unknown][] {
  return Object.entries(after).filter(
    ([key, value]) => JSON.stringify(before[key]) !== JSON.stringify(value),
  );
}

/**
 * Repaints the map's layers as `next` says. Unlike `setStyle` it touches neither sources nor
 * camera, so nothing on the map blinks when the theme or the language changes.
 */
export function restyle(
  map: MapLibre,
  current: LayerSpecification[],
  next: LayerSpecification[],
): void {
  const before = new Map(current.map((layer) => [layer.id, layer]));
  for (const layer of next) {
    const old = before.get(layer.id);
    for (const [key, value] of changed(old?.paint as Properties, layer.paint as Properties)) {
      map.setPaintProperty(layer.id, key as never, value as never);
    }
    for (const [key, value] of changed(old?.layout as Properties, layer.layout as Properties)) {
      map.setLayoutProperty(layer.id, key as never, value as never);
    }
  }
}
