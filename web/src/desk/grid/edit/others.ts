import type { FaceId } from '../partition/types';

/** Somebody else, and the cells they are at: by name, and in which plan if it is another. */
export interface Other {
  who: string;
  where: string;
  faces: ReadonlySet<FaceId>;
}

/** Those who are at one of these cells. */
export function othersAt(others: readonly Other[], faces: readonly FaceId[]): Other[] {
  return others.filter((other) => faces.some((face) => other.faces.has(face)));
}
