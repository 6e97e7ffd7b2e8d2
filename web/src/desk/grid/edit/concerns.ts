import type { Face, Limits, Position } from '../partition/types';

/** What the borders themselves cannot rule out and a planner has to look at. */
export type ConcernKind = 'undecided' | 'unowned' | 'apart' | 'small' | 'large';

export interface Concern {
  kind: ConcernKind;
  face: Face;
  at: Position | null;
}

const ORDER: readonly ConcernKind[] = ['undecided', 'unowned', 'apart', 'small', 'large'];

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
  return found.toSorted((one, other) => ORDER.indexOf(one.kind) - ORDER.indexOf(other.kind));
}
