import type { Face, FaceId, Touched, UnitId } from '../partition/types';

/** What an owner has. */
export interface Total {
  cells: number;
  area_m2: number;
}

/** By who answers; `null` has what nobody answers for. */
export type Totals = ReadonlyMap<UnitId | null, Total>;

function add(totals: Map<UnitId | null, Total>, { answers, area_m2 }: Face, sign: 1 | -1): void {
  const before = totals.get(answers) ?? { cells: 0, area_m2: 0 };
  const cells = before.cells + sign;
  if (cells === 0) totals.delete(answers);
  else totals.set(answers, { cells, area_m2: before.area_m2 + sign * area_m2 });
}

export function totalsOf(faces: Iterable<Face>): Totals {
  const totals = new Map<UnitId | null, Total>();
  for (const face of faces) add(totals, face, 1);
  return totals;
}

/** The totals after some faces have changed; only those are looked at. */
export function totalsAfter(
  totals: Totals,
  faces: ReadonlyMap<FaceId, Face>,
  { faces: { features }, gone }: Touched,
): Totals {
  const after = new Map(totals);
  for (const id of [...gone, ...features.map(({ properties }) => properties.face)]) {
    const before = faces.get(id);
    if (before) add(after, before, -1);
  }
  for (const { properties } of features) add(after, properties, 1);
  return after;
}

export interface Share {
  owner: UnitId | null;
  before: Total;
  after: Total;
}

const NOTHING: Total = { cells: 0, area_m2: 0 };

/** Owner by owner before and after: those with the most ground first, nobody last. */
export function shares(before: Totals, after: Totals): Share[] {
  const owners = [...new Set([...before.keys(), ...after.keys()])];
  const share = (owner: UnitId | null) => ({
    owner,
    before: before.get(owner) ?? NOTHING,
    after: after.get(owner) ?? NOTHING,
  });
  return owners
    .map(share)
    .toSorted(
      (one, other) =>
        Number(one.owner === null) - Number(other.owner === null) ||
        other.before.area_m2 - one.before.area_m2 ||
        (one.owner ?? 0) - (other.owner ?? 0),
    );
}
