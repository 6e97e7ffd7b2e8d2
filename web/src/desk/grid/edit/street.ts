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

/** Pieces of one street meet within so many degrees: a tile's corners are rounded to half a metre. */
const MEET_DEG = 2e-5;

/** The place on any of the lines that is nearest to another. */
export function nearestOn(lines: readonly Position[][], place: Position): Position | null {
  const feet = lines.flatMap((line) => footOn(line, place) ?? []);
  return feet.toSorted((one, other) => one.off - other.off)[0]?.at ?? null;
}

/** Streets by how far they are from a place, the nearest first. */
export function byDistance<S extends { lines: readonly Position[][] }>(
  streets: readonly S[],
  place: Position,
): S[] {
  const off = ({ lines }: S) =>
    Math.min(...lines.map((line) => footOn(line, place)?.off ?? Number.POSITIVE_INFINITY));
  return streets.toSorted((one, other) => off(one) - off(other));
}

/** Where any of the lines crosses a straight piece, as near as can be to a place. */
export function crossingWith(
  lines: readonly Position[][],
  [from, to]: readonly [Position, Position],
  place: Position,
): Position | null {
  const found: Position[] = [];
  for (const line of lines) {
    for (let i = 0; i + 1 < line.length; i += 1) {
      const [a, b] = [line[i]!, line[i + 1]!];
      const [dx, dy] = [b[0] - a[0], b[1] - a[1]];
      const [ex, ey] = [to[0] - from[0], to[1] - from[1]];
      const turn = dx * ey - dy * ex;
      if (turn === 0) continue;
      const [ox, oy] = [from[0] - a[0], from[1] - a[1]];
      const share = (ox * ey - oy * ex) / turn;
      const along = (ox * dy - oy * dx) / turn;
      if (share < 0 || share > 1 || along < 0 || along > 1) continue;
      found.push([a[0] + share * dx, a[1] + share * dy]);
    }
  }
  return nearestOn(
    found.map((each) => [each, each]),
    place,
  );
}

/** A line and what another has beyond its end; `null` where they do not follow each other. */
function continued(line: readonly Position[], next: readonly Position[]): Position[] | null {
  const foot = footOn(next, line.at(-1)!);
  if (!foot || foot.off > MEET_DEG ** 2) return null;
  const tail = next.slice(Math.floor(foot.along) + 1);
  const last = tail.at(-1);
  // the other way round it runs back along what is there
  const back = last && footOn(line, last);
  return back && back.off > MEET_DEG ** 2 ? [...line, ...tail] : null;
}

/** Lines of one street as whole as they can be: tiles cut it into pieces that overlap. */
export function joined(pieces: readonly Position[][]): Position[][] {
  const left = [...pieces];
  const whole: Position[][] = [];
  for (let line = left.shift(); line; line = left.shift()) {
    for (let i = 0; i < left.length; i += 1) {
      const next = left[i]!;
      const turned = next.toReversed();
      const longer: Position[] | null =
        continued(line, next) ??
        continued(line, turned) ??
        continued(next, line) ??
        continued(turned, line);
      if (!longer) continue;
      line = longer;
      left.splice(i, 1);
      i = -1;
    }
    whole.push(line);
  }
  return whole;
}

/** The part of one of the lines between two places beside it; `null` where none passes both. */
export function wayAlong(
  lines: readonly Position[][],
  from: Position,
  to: Position,
  reachDeg: number,
): Position[] | null {
  const passes = (line: readonly Position[]) =>
    [from, to].every(
      (place) => (footOn(line, place)?.off ?? Number.POSITIVE_INFINITY) <= reachDeg ** 2,
    );
  const line = lines.find(passes);
  return line ? partBetween(line, from, to) : null;
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
