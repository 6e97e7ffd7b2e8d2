/** Areas and lengths as a planner reads them. */

const HECTARE_M2 = 10_000;
const SQUARE_KILOMETRE_M2 = 1_000_000;

function number(value: number, locale: string, digits: number): string {
  return value.toLocaleString(locale, { maximumSignificantDigits: digits });
}

export function areaText(areaM2: number, locale: string): string {
  if (areaM2 >= SQUARE_KILOMETRE_M2 / 10) {
    return `${number(areaM2 / SQUARE_KILOMETRE_M2, locale, 4)} km²`;
  }
  if (areaM2 >= HECTARE_M2) return `${number(areaM2 / HECTARE_M2, locale, 3)} ha`;
  return `${number(areaM2, locale, 3)} m²`;
}

/** Of millimetres. */
export function lengthText(mm: number, locale: string): string {
  return mm < 1000 ? `${number(mm, locale, 2)} mm` : `${number(mm / 1000, locale, 3)} m`;
}
