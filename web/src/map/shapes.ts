import type { CameraView, CaseRow, ErrorEllipse } from '../api/types';
import { phaseOf, shapeOf } from '../case/phase';
import { iconOf } from './icons';

/** Metres of one degree at a latitude, on the WGS 84 ellipsoid (same formula as the server). */
function metresPerDegree(lat: number): { lon: number; lat: number } {
  const radians = (lat * Math.PI) / 180;
  const e2 = 6.694379990141317e-3;
  const w2 = 1 - e2 * Math.sin(radians) ** 2;
  const primeVertical = 6378137 / Math.sqrt(w2);
  const perRadian = Math.PI / 180;
  return {
    lon: primeVertical * Math.cos(radians) * perRadian,
    lat: ((primeVertical * (1 - e2)) / w2) * perRadian,
  };
}

/** The outline of an error ellipse around a place; 64 corners, closed. */
export function ellipsePolygon(
  { lon, lat }: { lon: number; lat: number },
  { semi_major_m, semi_minor_m, bearing_deg }: ErrorEllipse,
): GeoJSON.Polygon {
  const scale = metresPerDegree(lat);
  const bearing = (bearing_deg * Math.PI) / 180;
  const ring = Array.from({ length: 65 }, (_, i) => {
    const turn = ((i % 64) / 64) * 2 * Math.PI;
    const along = semi_major_m * Math.cos(turn);
    const across = semi_minor_m * Math.sin(turn);
    const east = along * Math.sin(bearing) + across * Math.cos(bearing);
    const north = along * Math.cos(bearing) - across * Math.sin(bearing);
    return [lon + east / scale.lon, lat + north / scale.lat];
  });
  return { type: 'Polygon', coordinates: [ring] };
}

/** Later than any moment: what has no deadline is never due. */
const NEVER = 1e12;
const minutes = (at: string | null | undefined) => (at ? Date.parse(at) / 60_000 : NEVER);

/** How a reader sees a case: its name in their language, and whether it waits for them. */
export interface Seen {
  label: string;
  mine: boolean;
}

/** A case as the map draws it. `opened`, `warn` and `due` are in minutes. */
export function caseFeature(row: CaseRow, { label, mine }: Seen): GeoJSON.Feature<GeoJSON.Point> {
  return {
    type: 'Feature',
    id: row.id,
    geometry: { type: 'Point', coordinates: [row.lon, row.lat] },
    properties: {
      icon: iconOf(phaseOf(row.state), shapeOf(row.source), mine),
      label,
      opened: minutes(row.opened_at),
      warn: minutes(row.clock?.warn_at),
      due: minutes(row.clock?.due_at),
    },
  };
}

/** How a camera is drawn: silent, with something wrong, or just so. */
export type CameraIcon = 'camera' | 'camera-ill' | 'camera-offline';

export function cameraIcon({ conditions }: Pick<CameraView, 'conditions'>): CameraIcon {
  if (conditions.some(({ condition }) => condition === 'offline')) return 'camera-offline';
  return conditions.length > 0 ? 'camera-ill' : 'camera';
}

/** `words`: what its name is, and what is wrong with it. */
export function cameraFeatures(cameras: CameraView[], words: (camera: CameraView) => string) {
  return cameras.map(
    (camera): GeoJSON.Feature => ({
      type: 'Feature',
      geometry: { type: 'Point', coordinates: [camera.lon, camera.lat] },
      properties: { camera: camera.id, label: words(camera), icon: cameraIcon(camera) },
    }),
  );
}

/** Where each calibrated camera is believed: its ground polygon, joined to where it stands. */
export function viewFeatures(cameras: CameraView[]): GeoJSON.Feature[] {
  return cameras.flatMap((camera): GeoJSON.Feature[] => {
    if (!camera.calibration) return [];
    const properties = { camera: camera.id };
    return [{ type: 'Feature', geometry: camera.calibration.ground, properties }];
  });
}

/** The component a case is pinned to, and the line that says so. */
export function becauseFeatures(
  place: { lon: number; lat: number },
  component: { lon: number; lat: number },
): GeoJSON.Feature[] {
  const from = [place.lon, place.lat];
  const to = [component.lon, component.lat];
  return [
    { type: 'Feature', geometry: { type: 'LineString', coordinates: [from, to] }, properties: {} },
    { type: 'Feature', geometry: { type: 'Point', coordinates: to }, properties: {} },
  ];
}

export type Bounds = [west: number, south: number, east: number, north: number];

/** The smallest box around places; null when there are none. */
export function boundsOf(places: Iterable<{ lon: number; lat: number }>): Bounds | null {
  let bounds: Bounds | null = null;
  for (const { lon, lat } of places) {
    bounds = bounds
      ? [
          Math.min(bounds[0], lon),
          Math.min(bounds[1], lat),
          Math.max(bounds[2], lon),
          Math.max(bounds[3], lat),
        ]
      : [lon, lat, lon, lat];
  }
  return bounds;
}
