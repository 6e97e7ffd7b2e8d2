import {
  CONCERNS,
  type ConcernKind,
  type Face,
  type Limits,
  type Position,
} from '../partition/types';

/** Something that a planner has to look at. */
export interface Concern {
  kind: ConcernKind;
  face: Face;
  at: Position | null;
}

function kindsOf({ ground, owner, parts, area_m2 }: Face, limits: Limits): ConcernKind[] {
  if (ground !== 'cell') return ['undecided'];
  const kinds: ConcernKind[] = [];
  if (owner === null) kinds.push('unowned');
  if (parts > 1) kinds.push('apart');
  if (area_m2 < limits.area_min_m2) kinds.push('small');
  if (area_m2 > limits.area_max_m2) kinds.push('large');
  return kinds;
}

/** By kind, the gravest first, in the order of faces. */
export function concernsOf(faces: Iterable<Face>, limits: Limits): Concern[] {
  const found: Concern[] = [];
  for (const face of faces) {
    for (const kind of kindsOf(face, limits)) found.push({ kind, face, at: face.at });
  }
  return found.toSorted((one, other) => CONCERNS.indexOf(one.kind) - CONCERNS.indexOf(other.kind));
}
