import { cityMoment } from '../../time';
import type { Period } from './api';

/** A month as its field writes it, `2026-11`, from its first moment to that of the next. */
export function monthPeriod(month: string): Period {
  const [year, number] = month.split('-').map(Number) as [number, number];
  const next = number === 12 ? `${year + 1}-01` : `${year}-${String(number + 1).padStart(2, '0')}`;
  return { from: cityMoment(`${month}-01`), until: cityMoment(`${next}-01`) };
}
