import { expect, test } from 'vitest';
import type { CaseRow } from '../../api/types';
import { type DistrictTray, isOnTray } from './lists';

const row = (
  id: number,
  district_id: number,
  state: CaseRow['state'],
  dispute_level: CaseRow['dispute_level'] = null,
) => ({ id, district_id, state, dispute_level }) as CaseRow;

const rows = [
  row(1, 2, 'dispatched'),
  row(2, 3, 'dispatched'),
  row(3, 2, 'disputed', 'district'),
  row(4, 2, 'disputed', 'city'),
  row(5, 2, 'handled'),
];

test.each([
  ['redispatch', [2], [1]],
  ['own', [2], [1, 3, 4, 5]],
  ['disputes', [2], [3]],
  ['review', [2], [5]],
  ['redispatch', [null], [1, 2]],
] as [DistrictTray, (number | null)[], number[]][])(
  '%s of districts %o',
  (tray, districts, ids) => {
    expect(rows.filter((each) => isOnTray(each, tray, districts)).map(({ id }) => id)).toEqual(ids);
  },
);
