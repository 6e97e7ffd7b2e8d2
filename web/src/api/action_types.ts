/** What can be done to a case, and what a person is told of what others do. */

import type { CaseRow, CaseState } from './case_types';
import type { CaseRoute, Unit } from './types';

/** Why not; the page says it in words. */
export interface Refusal {
  code: string;
  params: Record<string, unknown>;
}

export type FieldKind =
  | 'text'
  | 'reason'
  | 'condition'
  | 'unit'
  | 'units'
  | 'person'
  | 'photos'
  | 'position'
  | 'datetime'
  | 'items'
  | 'case'
  | 'choice'
  | 'checklist'
  | 'flag'
  | 'money'
  | 'number';

export interface Choice {
  value: string | number;
  zh: string;
  en: string;
}

export interface ActionField {
  name: string;
  kind: FieldKind;
  required: boolean;
  choices?: Choice[] | null;
  /** The fewest photos or marks. */
  min?: number | null;
}

export interface Offer {
  action: string;
  allowed: boolean;
  refusal: Refusal | null;
  /** Whether it can be taken back for a while. */
  undo: boolean;
  fields: ActionField[];
}

export interface Offers {
  case_id: number;
  version: number;
  state: CaseState;
  actions: Offer[];
  /** Whose it is by the rules in force now; null where they name nobody. */
  suggestion?: { unit_id: number | null; because: CaseRoute } | null;
}

export interface Done {
  case: CaseRow;
  event_id: number;
  /** Null where it cannot be taken back. */
  undo_until: string | null;
}

/** A picture that was uploaded and waits for an action to name it. */
export interface Uploaded {
  id: number;
  url: string;
  width: number;
  height: number;
}

export interface Notice {
  id: number;
  case_id: number | null;
  kind: string;
  at: string;
  read_at: string | null;
  params: Record<string, unknown>;
}

/** Someone an action can be given to. */
export interface Colleague {
  id: number;
  login?: string;
  name: string;
  grants?: { role: string; unit?: Unit | null }[];
}
