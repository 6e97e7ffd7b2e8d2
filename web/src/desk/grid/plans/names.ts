import type { FaceId, Moved } from '../partition/types';

/** Ground thinner than a border's rounding is nobody's parent. */
const PARENT_MIN_M2 = 1;

/**
 * What cells without a name are called: after the cells whose ground they have, the largest part
 * first, and numbered where several came of the same.
 */
export function namesOfNew(
  moved: readonly Moved[],
  unnamed: ReadonlySet<FaceId>,
): [FaceId, string][] {
  const parents = new Map<FaceId, Moved[]>();
  for (const part of moved) {
    const { to, from_label, area_m2 } = part;
    if (to === null || !unnamed.has(to) || !from_label || area_m2 < PARENT_MIN_M2) continue;
    parents.set(to, [...(parents.get(to) ?? []), part]);
  }
  const named = [...parents].map(([face, parts]): [FaceId, string] => {
    const largestFirst = parts.toSorted((one, other) => other.area_m2 - one.area_m2);
    return [face, largestFirst.map(({ from_label }) => from_label).join('+')];
  });
  const count = (name: string) => named.filter((each) => each[1] === name).length;
  const given = new Map<string, number>();
  return named.map(([face, name]) => {
    if (count(name) === 1) return [face, name];
    const number = (given.get(name) ?? 0) + 1;
    given.set(name, number);
    return [face, `${name}/${number}`];
  });
}
