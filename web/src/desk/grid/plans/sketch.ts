import type { Bounds } from '../partition/types';

/** The box around several borders; `null` where there is nothing. */
export function boxOf(borders: readonly GeoJSON.MultiPolygon[]): Bounds | null {
  const places = borders.flatMap(({ coordinates }) => coordinates.flat(2));
  if (places.length === 0) return null;
  const [lons, lats] = [places.map(([lon]) => lon!), places.map(([, lat]) => lat!)];
  const least = (of: number[]) => of.reduce((one, other) => Math.min(one, other));
  const most = (of: number[]) => of.reduce((one, other) => Math.max(one, other));
  return [least(lons), least(lats), most(lons), most(lats)];
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
