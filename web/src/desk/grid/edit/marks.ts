import type { Position } from '../partition/types';
import type { Held, Rest } from './snapping';

type Mark = 'rests' | 'street' | 'held' | 'refused';

function dot(mark: Mark, coordinates: Position): GeoJSON.Feature {
  return { type: 'Feature', geometry: { type: 'Point', coordinates }, properties: { mark } };
}

/** What the hand holds, the line it draws, where it rests and where something was refused. */
export function marksOf({
  held,
  line,
  rests,
  refused,
}: {
  held: readonly Held[];
  line: Position[];
  rests: Rest | null;
  refused: Position | null;
}): GeoJSON.Feature[] {
  const features = held.map(({ place }) => dot('held', place));
  if (line.length > 1) {
    const geometry = { type: 'LineString' as const, coordinates: line };
    features.push({ type: 'Feature', geometry, properties: { mark: 'sketch' } });
  }
  if (rests && rests.on !== 'nothing') {
    features.push(dot(rests.on === 'street' ? 'street' : 'rests', rests.place));
  }
  if (refused) features.push(dot('refused', refused));
  return features;
}
