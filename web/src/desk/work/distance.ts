export interface Place {
  lon: number;
  lat: number;
}

const EARTH_M = 6_371_008.8;
const rad = (degrees: number) => (degrees * Math.PI) / 180;

/** Metres between two places (WGS 84) on a sphere: right to half a percent. */
export function metresBetween(a: Place, b: Place): number {
  const dLat = rad(b.lat - a.lat);
  const dLon = rad(b.lon - a.lon);
  const h =
    Math.sin(dLat / 2) ** 2 + Math.cos(rad(a.lat)) * Math.cos(rad(b.lat)) * Math.sin(dLon / 2) ** 2;
  return 2 * EARTH_M * Math.asin(Math.sqrt(h));
}

/** As a person in the street wants it: to 1 m near, to 10 m farther, then in km. */
export function distanceText(
  metres: number,
  t: { metres: (n: number) => string; kilometres: (n: string) => string },
): string {
  if (metres < 100) return t.metres(Math.round(metres));
  if (metres < 1000) return t.metres(Math.round(metres / 10) * 10);
  return t.kilometres((metres / 1000).toFixed(1));
}
