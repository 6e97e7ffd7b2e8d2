/** What the partition in WebAssembly asks and answers; see `src/partition-wasm`. */

/** Longitude and latitude, WGS 84. */
export type Position = [number, number];
/** West, south, east, north in degrees. */
export type Bounds = [number, number, number, number];
/** Millimetres east and north of the frame's origin: how an operation names a vertex. */
export type GridPoint = [number, number];
export type FaceId = number;
export type UnitId = number;

export const COORDINATES = ['wgs84', 'gcj02', 'bd09'] as const;
export type Coordinates = (typeof COORDINATES)[number];

export interface FileTold {
  cells: number;
  vertices: number;
  unreadable: { row: number; why: 'no_area' | 'too_far' }[];
  fields: string[];
  bounds: Bounds;
}

export const RING_FAULTS = [
  'too_short',
  'repeated_point',
  'spike',
  'self_crossing',
  'self_touch',
  'hole_outside',
] as const;
export type RingFault = (typeof RING_FAULTS)[number];
export type DefectKind =
  | { invalid_ring: RingFault }
  | 'duplicate'
  | 'overlap'
  | 'gap'
  | 'sliver'
  | 'unmatched'
  | 'outside'
  | 'across'
  | 'unfollowed';
export type RepairKind =
  | 'ring_rebuilt'
  | 'snapped'
  | 'overlap_decided'
  | 'gap_filled'
  | 'part_moved';

/** Where something is and how large. */
export interface Spot {
  geometry: GeoJSON.MultiPoint | GeoJSON.MultiLineString | GeoJSON.MultiPolygon;
  bounds: Bounds;
  area_m2: number;
  width_mm: number;
}

export interface Defect extends Spot {
  kind: DefectKind;
  /** Indices of cells, which are the ids of their faces once repaired. */
  cells: FaceId[];
  /** Indices of areas of the level above. */
  areas: number[];
}

export interface Repair extends Spot {
  kind: RepairKind;
  from: FaceId[];
  to: FaceId | null;
}

export interface Conflict {
  face: FaceId;
  defect: Defect;
}

export interface Repaired {
  repairs: Repair[];
  conflicts: Conflict[];
}

/** The properties of a face on the map. */
export interface Face {
  face: FaceId;
  label: string;
  owner: UnitId | null;
  /** Who has the classes that are looked at by a rule for just these. */
  duty: UnitId | null;
  /** Who answers for the classes that are looked at. */
  answers: UnitId | null;
  ground: 'cell' | 'unclaimed' | 'contested';
  locked: boolean;
  area_m2: number;
  /** Into how many pieces it falls. */
  parts: number;
  /** A place well inside. */
  at: Position | null;
}

export type FaceFeature = GeoJSON.Feature<GeoJSON.MultiPolygon, Face>;

export interface Polygon {
  exterior: GridPoint[];
  holes: GridPoint[][];
}

/** A cell as a file draws it; none goes on where `face` is null. */
export interface DrawnCell {
  face: FaceId | null;
  name: string | null;
  owner: UnitId | null;
  polygons: Polygon[];
}

/** `cityward_partition::Operation`. */
export type Operation =
  | { move_vertex: { at: GridPoint; to: GridPoint } }
  | { insert_vertex: { between: [GridPoint, GridPoint]; at: GridPoint } }
  | { delete_vertex: { at: GridPoint } }
  | { straighten: { from: GridPoint; to: GridPoint } }
  | { follow: { line: GridPoint[] } }
  | { split: { face: FaceId; line: GridPoint[] } }
  | { merge: { faces: FaceId[] } }
  | { transfer: { polygon: Polygon; from: FaceId | null; to: FaceId | null } }
  | { redraw_scope: { scope: Polygon[]; to: FaceId | null } }
  | { redraw: { cells: DrawnCell[] } }
  | { set_name: { face: FaceId; name: string } }
  | { set_owner: { faces: FaceId[]; owner: UnitId | null } }
  | { set_duty: { faces: FaceId[]; subject: string; owner: UnitId | null } }
  | { settle: { face: FaceId } }
  | { lock: { faces: FaceId[] } }
  | { unlock: { faces: FaceId[] } };

type KeysOf<T> = T extends unknown ? keyof T : never;
/** What an operation is called; ground that comes from or goes to the outside has names of its own. */
export type OperationName = KeysOf<Operation> | 'take_in' | 'cut_out';

export function nameOf(operation: Operation): OperationName {
  if ('transfer' in operation && operation.transfer.from === null) return 'take_in';
  if ('transfer' in operation && operation.transfer.to === null) return 'cut_out';
  return Object.keys(operation)[0] as OperationName;
}

/** The class or group that an operation is about. */
export function subjectOf(operation: Operation): string | null {
  return 'set_duty' in operation ? operation.set_duty.subject : null;
}

/** Who answers for single classes and groups of a face. */
export interface Duties {
  face: FaceId;
  duties: Record<string, UnitId>;
}

/** The faces that an operation names. */
export function facesOf(operation: Operation): FaceId[] {
  if ('split' in operation) return [operation.split.face];
  if ('set_name' in operation) return [operation.set_name.face];
  if ('settle' in operation) return [operation.settle.face];
  if ('merge' in operation) return operation.merge.faces;
  if ('set_owner' in operation) return operation.set_owner.faces;
  if ('set_duty' in operation) return operation.set_duty.faces;
  if ('lock' in operation) return operation.lock.faces;
  if ('unlock' in operation) return operation.unlock.faces;
  if ('redraw' in operation) {
    return operation.redraw.cells.map(({ face }) => face).filter((face) => face !== null);
  }
  if ('redraw_scope' in operation) return [operation.redraw_scope.to].filter((to) => to !== null);
  if ('transfer' in operation) {
    const { from, to } = operation.transfer;
    return [from, to].filter((face) => face !== null);
  }
  return [];
}

export type Warning =
  | { small: { face: FaceId; area_m2: number } }
  | { large: { face: FaceId; area_m2: number } }
  | { other_duties: { face: FaceId; subject: string } };

export const REFUSALS = [
  'no_face',
  'no_vertex',
  'no_border',
  'out_of_range',
  'locked',
  'crossing',
  'fold_over',
  'sliver',
  'disconnected',
  'vanishing',
  'no_division',
  'joint',
  'too_few_faces',
  'nothing',
] as const;
export type RefusalName = (typeof REFUSALS)[number];

export interface Refused {
  why: RefusalName | Partial<Record<RefusalName, { face?: FaceId; at?: GridPoint }>>;
  place: Position | null;
}

export function refusalOf({ why }: Refused): { name: RefusalName; face: FaceId | null } {
  if (typeof why === 'string') return { name: why, face: null };
  const [name, about] = Object.entries(why)[0] as [RefusalName, { face?: FaceId }];
  return { name, face: about.face ?? null };
}

/** Faces that are drawn anew. */
export interface Touched {
  faces: GeoJSON.FeatureCollection<GeoJSON.MultiPolygon, Face>;
  gone: FaceId[];
  warnings: Warning[];
}

export type Outcome = { done: Touched } | { refused: Refused };

export interface Neighbour {
  face: FaceId;
  label: string;
  border_m: number;
}

/** What is the matter with a face: what borders themselves cannot rule out. */
export const CONCERNS = ['undecided', 'unowned', 'apart', 'small', 'large'] as const;
export type ConcernKind = (typeof CONCERNS)[number];

/** An operation that mends a face, and why it could not be done. */
export interface Remedy {
  means: 'join_to' | 'settle' | 'own_as' | 'piece_to';
  /** The neighbour, and its name. */
  to: FaceId | null;
  label: string;
  operation: Operation;
  refused: Refused | null;
}

export interface Snapped {
  to: 'vertex' | 'nothing' | { border: [GridPoint, GridPoint] };
  at: GridPoint;
  place: Position;
  /** Between which places the border passes that it rests on. */
  border: [Position, Position] | null;
}

export interface Limits {
  area_min_m2: number;
  area_max_m2: number;
  width_min_mm: number;
}

/** The ground that changed hands. */
export interface Moved {
  from: FaceId | null;
  to: FaceId | null;
  from_label: string | null;
  to_label: string | null;
  from_owner: UnitId | null;
  to_owner: UnitId | null;
  area_m2: number;
}
