import type { CaseRow } from '../../api/types';

export const DISTRICT_TRAYS = ['redispatch', 'review', 'disputes', 'own'] as const;
export type DistrictTray = (typeof DISTRICT_TRAYS)[number];

/** Whether a case lies on a district's tray; `null` among the districts is the whole city. */
export function isOnTray(
  row: CaseRow,
  tray: DistrictTray,
  districts: readonly (number | null)[],
): boolean {
  if (!districts.includes(null) && !districts.includes(row.district_id)) return false;
  switch (tray) {
    case 'redispatch':
      return row.state === 'dispatched';
    case 'review':
      return row.state === 'handled';
    case 'disputes':
      return row.state === 'disputed' && row.dispute_level === 'district';
    case 'own':
      return true;
  }
}
