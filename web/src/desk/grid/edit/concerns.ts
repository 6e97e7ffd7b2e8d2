import {
  CONCERNS,
  type ConcernKind,
  type Face,
  type Limits,
  type Position,
  type UnitId,
} from '../partition/types';

/** Something that a planner has to look at. */
export interface Concern {
  kind: ConcernKind;
  face: Face;
  at: Position | null;
}

function kindsOf(
  { ground, owner, parts, area_m2 }: Face,
  limits: Limits,
  ended: ReadonlySet<UnitId>,
): ConcernKind[] {
  if (ground !== 'cell') return ['undecided'];
  const kinds: ConcernKind[] = [];
  if (owner === null || ended.has(owner)) kinds.push('unowned');
  if (parts > 1) kinds.push('apart');
  if (area_m2 < limits.area_min_m2) kinds.push('small');
  if (area_m2 > limits.area_max_m2) kinds.push('large');
  return kinds;
}

/** Which comes first of two of a kind: the largest piece to decide, the smallest of small cells. */
function bySize({ kind, face }: Concern, other: Concern): number {
  if (kind === 'small') return face.area_m2 - other.face.area_m2;
  return kind === 'unowned' || kind === 'apart' ? 0 : other.face.area_m2 - face.area_m2;
}

/** By kind, the gravest first; nobody answers for what is of a unit that has `ended`. */
export function concernsOf(
  faces: Iterable<Face>,
  limits: Limits,
  ended: ReadonlySet<UnitId>,
): Concern[] {
  const found: Concern[] = [];
  for (const face of faces) {
    for (const kind of kindsOf(face, limits, ended)) found.push({ kind, face, at: face.at });
  }
  const order = ({ kind }: Concern) => CONCERNS.indexOf(kind);
  return found.toSorted((one, other) => order(one) - order(other) || bySize(one, other));
}
