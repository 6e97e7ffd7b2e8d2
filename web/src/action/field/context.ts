import type { CaseDetail, CaseRoute, CaseRow, Condition } from '../../api/types';

/** The case a form is about; the detail follows the row. Null where there is no case yet. */
export interface FormCase {
  row: CaseRow | null;
  detail: CaseDetail | null;
  conditions: Condition[];
  /** Whose it is by the rules in force now. */
  unitId: number | null;
  /** And by which of them. */
  route: CaseRoute | null;
}
