/** Fen (1/100 yuan) as yuan: 123456 is 1,234.56. */
export function yuan(fen: number, locale: string): string {
  return (fen / 100).toLocaleString(locale, {
    minimumFractionDigits: 2,
    maximumFractionDigits: 2,
  });
}
