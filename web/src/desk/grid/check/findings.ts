import type { PlaceFeature } from '../map/grid_map.svelte';
import type { PlaceKind } from '../map/layers';
import type {
  Bounds,
  Defect,
  DefectKind,
  FaceId,
  Repair,
  RepairKind,
  Spot,
} from '../partition/types';

export type DefectName = Exclude<DefectKind, object> | 'invalid_ring';

export function defectName(kind: DefectKind): DefectName {
  return typeof kind === 'string' ? kind : 'invalid_ring';
}

/** Something to look at, in the list and on the map; its number is its place in the list. */
export interface Finding {
  number: number;
  kind: DefectName | RepairKind;
  colour: PlaceKind;
  spot: Spot;
  /** The cells and areas of the level above that it concerns, and who has the ground now. */
  cells: FaceId[];
  areas: number[];
  to: FaceId | null;
}

/** The gravest first: what is nobody's or several's before what is only drawn badly. */
const ORDER: readonly Finding['kind'][] = [
  'overlap',
  'gap',
  'duplicate',
  'invalid_ring',
  'outside',
  'across',
  'sliver',
  'unfollowed',
  'unmatched',
  'overlap_decided',
  'gap_filled',
  'part_moved',
  'ring_rebuilt',
  'snapped',
];

function inOrder(findings: Omit<Finding, 'number'>[]): Finding[] {
  const rank = ({ kind }: Omit<Finding, 'number'>) => ORDER.indexOf(kind);
  return findings
    .toSorted(
      (one, other) =>
        rank(one) - rank(other) ||
        other.spot.area_m2 - one.spot.area_m2 ||
        other.spot.width_mm - one.spot.width_mm,
    )
    .map((finding, number) => ({ ...finding, number }));
}

/** By kind, and in each kind the largest first. */
export function ofDefects(defects: readonly Defect[]): Finding[] {
  return inOrder(
    defects.map((defect) => {
      const kind = defectName(defect.kind);
      const { cells, areas } = defect;
      return { kind, colour: kind, spot: defect, cells, areas, to: null };
    }),
  );
}

export function ofRepairs(repairs: readonly Repair[]): Finding[] {
  return inOrder(
    repairs.map((repair) => ({
      kind: repair.kind,
      colour: 'repaired' as const,
      spot: repair,
      cells: repair.from,
      areas: [],
      to: repair.to,
    })),
  );
}

export interface Kind {
  kind: Finding['kind'];
  colour: PlaceKind;
  count: number;
  area_m2: number;
  widest_mm: number;
}

/** How often each kind occurs, on how much ground, and how wide the widest is. */
export function kindsOf(findings: readonly Finding[]): Kind[] {
  const kinds = new Map<Finding['kind'], Kind>();
  for (const { kind, colour, spot } of findings) {
    const sum = kinds.get(kind) ?? { kind, colour, count: 0, area_m2: 0, widest_mm: 0 };
    sum.count += 1;
    sum.area_m2 += spot.area_m2;
    sum.widest_mm = Math.max(sum.widest_mm, spot.width_mm);
    kinds.set(kind, sum);
  }
  return [...kinds.values()];
}

export function placesOf(findings: readonly Finding[]): PlaceFeature[] {
  return findings.map(({ number, colour, spot }) => ({
    type: 'Feature',
    geometry: spot.geometry,
    properties: { place: number, kind: colour },
  }));
}

/** A box with something around it, however small what is in it. */
export function around([west, south, east, north]: Bounds, marginDeg = 0.0002): Bounds {
  return [west - marginDeg, south - marginDeg, east + marginDeg, north + marginDeg];
}
