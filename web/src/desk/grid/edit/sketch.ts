import type { GridPoint, Position } from '../partition/types';

/** So many places along a line tell where it mostly is. */
const PLACES = 24;

/** A double click puts its point twice. */
export function withoutRepeats(points: readonly GridPoint[]): GridPoint[] {
  return points.filter(([x, y], index) => {
    const before = points[index - 1];
    return !before || before[0] !== x || before[1] !== y;
  });
}

/** Places evenly along a line, its ends left out: those lie on borders. */
export function placesAlong(line: readonly Position[]): Position[] {
  const lengths = line.slice(1).map(([lon, lat], index) => {
    const [fromLon, fromLat] = line[index]!;
    return Math.hypot((lon - fromLon) * Math.cos((lat * Math.PI) / 180), lat - fromLat);
  });
  const whole = lengths.reduce((sum, length) => sum + length, 0);
  const places: Position[] = [];
  let passed = 0;
  lengths.forEach((length, index) => {
    const [from, to] = [line[index]!, line[index + 1]!];
    while (length > 0 && places.length < PLACES) {
      const next = (whole * (places.length + 0.5)) / PLACES;
      if (next > passed + length) break;
      const share = (next - passed) / length;
      places.push([from[0] + share * (to[0] - from[0]), from[1] + share * (to[1] - from[1])]);
    }
    passed += length;
  });
  return places;
}
