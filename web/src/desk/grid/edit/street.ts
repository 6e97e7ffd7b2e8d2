import type { Position } from '../partition/types';

/** A place on a line: how far along in whole pieces and shares of one, and how far off in degrees². */
interface Foot {
  along: number;
  at: Position;
  off: number;
}

/** Degrees of longitude are shorter than those of latitude; near one place by a constant factor. */
function flat([lon, lat]: Position, near: Position): [number, number] {
  return [lon * Math.cos((near[1] * Math.PI) / 180), lat];
}

function footOn(line: readonly Position[], place: Position): Foot | null {
  let best: Foot | null = null;
  const [px, py] = flat(place, place);
  for (let i = 0; i + 1 < line.length; i += 1) {
    const [from, to] = [line[i]!, line[i + 1]!];
    const [ax, ay] = flat(from, place);
    const [bx, by] = flat(to, place);
    const length = (bx - ax) ** 2 + (by - ay) ** 2;
    const dot = (px - ax) * (bx - ax) + (py - ay) * (by - ay);
    const share = length === 0 ? 0 : Math.min(1, Math.max(0, dot / length));
    const at: Position = [from[0] + share * (to[0] - from[0]), from[1] + share * (to[1] - from[1])];
    const off = (ax + share * (bx - ax) - px) ** 2 + (ay + share * (by - ay) - py) ** 2;
    if (!best || off < best.off) best = { along: i + share, at, off };
  }
  return best;
}

/** The place on any of the lines that is nearest to another. */
export function nearestOn(lines: readonly Position[][], place: Position): Position | null {
  let best: Foot | null = null;
  for (const line of lines) {
    const foot = footOn(line, place);
    if (foot && (!best || foot.off < best.off)) best = foot;
  }
  return best?.at ?? null;
}

/** The part of a street between the places nearest to two others, from the first to the second. */
export function partBetween(street: readonly Position[], from: Position, to: Position): Position[] {
  const [start, end] = [footOn(street, from), footOn(street, to)];
  if (!start || !end) return [];
  const [low, high] = start.along <= end.along ? [start, end] : [end, start];
  const corners = street.slice(Math.floor(low.along) + 1, Math.ceil(high.along));
  const part = [low.at, ...corners, high.at];
  return start === low ? part : part.reverse();
}

/** The lines of a geometry; polygons have none. */
export function linesOf(geometry: GeoJSON.Geometry): Position[][] {
  if (geometry.type === 'LineString') return [geometry.coordinates as Position[]];
  if (geometry.type === 'MultiLineString') return geometry.coordinates as Position[][];
  return [];
}
