/** The partition, off the page's thread. One worker has one desk. */

import init, { PartitionDesk } from '../pkg/partition';
import wasmUrl from '../pkg/partition_bg.wasm?url';
import type {
  Bounds,
  ConcernKind,
  Coordinates,
  Defect,
  Duties,
  Face,
  FaceId,
  FileTold,
  GridPoint,
  Limits,
  Moved,
  Neighbour,
  Operation,
  Outcome,
  Polygon,
  Position,
  Remedy,
  Repaired,
  Snapped,
  Touched,
  UnitId,
} from './types';

const ready = init({ module_or_path: wasmUrl });
let opened: PartitionDesk | null = null;

function desk(): PartitionDesk {
  if (!opened) throw new Error('nothing is open');
  return opened;
}

function open(next: PartitionDesk): void {
  opened?.free();
  opened = next;
}

const told = <T>(text: string) => JSON.parse(text) as T;
const geojson = (bytes: Uint8Array) =>
  new Blob([bytes as Uint8Array<ArrayBuffer>], { type: 'application/geo+json' });

/** Everything that can be asked of the worker. */
const deeds = {
  async openFile(file: Blob, coordinates: Coordinates) {
    const text = await file.text();
    open(PartitionDesk.of_file(text, JSON.stringify(coordinates)));
    return told<FileTold>(desk().file());
  },
  /** The areas of a level above the cells. */
  async putLevel(file: Blob, coordinates: Coordinates) {
    return told<FileTold>(desk().put_level(await file.text(), JSON.stringify(coordinates)));
  },
  dropLevel: () => desk().drop_level(),
  /** The names, one an area; `null` without a level. */
  levelNames: (field: string | null) => told<string[] | null>(desk().level_names(field)),
  /** Two partitions of one frame: as it was, and as it is now. Where it is comes back. */
  openPartition(base: ArrayBuffer, bytes: ArrayBuffer, frame: unknown) {
    const [before, now] = [new Uint8Array(base), new Uint8Array(bytes)];
    open(PartitionDesk.of_partition(before, now, JSON.stringify(frame)));
    return told<Bounds>(desk().bounds());
  },
  /** The names, one a cell. */
  labelBy: (field: string | null) => told<string[]>(desk().label_by(field)),
  ownBy: (field: string) => told<string[]>(desk().own_by(field)),
  /** The number of a further owner. */
  addOwner: (name: string): UnitId => desk().add_owner(name),
  /** For which classes it is shown who answers, the first before the others. */
  lookAt: (subjects: string[]) => desk().look_at(JSON.stringify(subjects)),
  duties: (faces: FaceId[]) => told<Duties[]>(desk().duties(JSON.stringify(faces))),
  faces: () => told<Face[]>(desk().faces()),
  facesBefore: () => told<Face[]>(desk().faces_before()),
  name: (names: [FaceId, string][]) => desk().name(JSON.stringify(names)),
  limit: (limits: Limits) => desk().limit(JSON.stringify(limits)),
  check: (toleranceMm: number) => told<Defect[]>(desk().check(toleranceMm)),
  repair: (toleranceMm: number) => told<Repaired>(desk().repair(toleranceMm)),
  plan: (operation: Operation) => told<Outcome>(desk().plan(JSON.stringify(operation))),
  act: (operation: Operation) => told<Outcome>(desk().act(JSON.stringify(operation))),
  undo: () => told<Touched | null>(desk().undo()),
  redo: () => told<Touched | null>(desk().redo()),
  draw: () => geojson(desk().draw()),
  drawBefore: () => geojson(desk().draw_before()),
  cells: () => geojson(desk().cells()),
  report: () => geojson(desk().report()),
  difference: () =>
    told<GeoJSON.FeatureCollection<GeoJSON.MultiPolygon, Moved>>(desk().difference()),
  faceAt: ([lon, lat]: Position): FaceId | null => desk().face_at(lon, lat) ?? null,
  snap: ([lon, lat]: Position, withinMm: number) =>
    told<Snapped | null>(desk().snap(lon, lat, withinMm)),
  /** Longitude and latitude one after the other; `null` where there are more than `most`. */
  vertices: (bounds: Bounds, most: number) =>
    desk().vertices(new Float64Array(bounds), most) ?? null,
  facesWithin: (around: Position[]) => told<FaceId[]>(desk().faces_within(JSON.stringify(around))),
  points: (places: Position[]) => told<GridPoint[] | null>(desk().points(JSON.stringify(places))),
  neighbours: (face: FaceId) => told<Neighbour[]>(desk().neighbours(face)),
  remedies: (face: FaceId, concern: ConcernKind) =>
    told<Remedy[]>(desk().remedies(face, JSON.stringify(concern))),
  /** The scope with its outline along a line; `null` where the line does not end on it. */
  scopeAlong: (line: GridPoint[]) =>
    told<Polygon[] | null>(desk().scope_along(JSON.stringify(line))),
};

export type Deeds = typeof deeds;
export interface Asked {
  id: number;
  deed: keyof Deeds;
  arguments: unknown[];
}
export type Answered = { id: number; answer: unknown } | { id: number; failure: string };

addEventListener('message', async ({ data }: MessageEvent<Asked>) => {
  const { id, deed } = data;
  try {
    await ready;
    const act = deeds[deed] as (...given: unknown[]) => unknown;
    postMessage({ id, answer: await act(...data.arguments) } satisfies Answered);
  } catch (error) {
    const failure = error instanceof Error ? error.message : String(error);
    postMessage({ id, failure } satisfies Answered);
  }
});
