import { boundsOf } from '../../../map/shapes';
import type { Bounds } from '../partition/types';

/** The box around several borders; `null` where there is nothing. */
export function boxOf(borders: readonly GeoJSON.MultiPolygon[]): Bounds | null {
  const places = borders.flatMap(({ coordinates }) => coordinates.flat(2));
  return boundsOf(places.map(([lon, lat]) => ({ lon: lon!, lat: lat! })));
}

/** A border as the path of a drawing `width` wide, where the box just fits in a square. */
export function pathOf(
  border: GeoJSON.MultiPolygon,
  [west, south, east, north]: Bounds,
  width: number,
): string {
  const squeeze = Math.cos((((south + north) / 2) * Math.PI) / 180);
  const side = Math.max((east - west) * squeeze, north - south, 1e-9);
  const scale = width / side;
  const left = (width - (east - west) * squeeze * scale) / 2;
  const top = (width - (north - south) * scale) / 2;
  const put = ([lon, lat]: number[]) => {
    const x = left + (lon! - west) * squeeze * scale;
    const y = top + (north - lat!) * scale;
    return `${x.toFixed(1)} ${y.toFixed(1)}`;
  };
  return border.coordinates
    .flat()
    .map((ring) => `M${ring.map(put).join('L')}Z`)
    .join('');
}
