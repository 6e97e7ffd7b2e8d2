import type { MapMouseEvent } from 'maplibre-gl';
import type { GridMap } from '../map/grid_map.svelte';
import type { FaceId, GridPoint, Operation, Position, Snapped, UnitId } from '../partition/types';
import type { EditedGround } from './ground.svelte';
import { linesOf, nearestOn, partBetween } from './street';
import { type DeedName, SKETCH_TOOLS, STROKE_TOOLS, type ToolName, VERTEX_TOOLS } from './tools';

/** A pointer this near takes hold. */
const REACH_PX = 12;
/** More vertices than these in view are dots on dots. */
export const HANDLES_MAX = 800;
const STREET_LAYERS = ['street'];

/** A vertex that was clicked, on the grid and on the map. */
interface Held {
  at: GridPoint;
  place: Position;
}

function dot(mark: 'rests' | 'held' | 'refused', coordinates: Position): GeoJSON.Feature {
  return { type: 'Feature', geometry: { type: 'Point', coordinates }, properties: { mark } };
}

/**
 * The planner's hand: what a click means with the tool that is taken up. It holds no ground; every
 * answer comes from the partition in the worker, one question at a time.
 */
export class Hand {
  tool = $state<ToolName>('select');
  chosen = $state.raw<FaceId[]>([]);
  owner = $state<UnitId | null>(null);
  snaps = $state(true);
  /** Vertices held on the way to an operation of two or more. */
  held = $state.raw<Held[]>([]);
  sketch = $state.raw<Held[]>([]);
  /** So many vertices are in view that none is drawn; they can be taken all the same. */
  tooMany = $state(false);
  private resting: Snapped | null = null;
  private pointer: Position | null = null;
  private busy = false;
  private dragging: Held | null = null;
  private stroke: Position[] | null = null;
  private painted = new Set<FaceId>();
  private latest: Operation | null = null;
  private last: Promise<void> = Promise.resolve();

  constructor(
    private readonly ground: EditedGround,
    private readonly map: GridMap,
  ) {}

  take(tool: ToolName): void {
    this.drop();
    this.tool = tool;
    const strokes = STROKE_TOOLS.includes(tool);
    if (strokes) this.map.map.dragPan.disable();
    else this.map.map.dragPan.enable();
    this.map.map.getCanvas().style.cursor = tool === 'select' ? '' : 'crosshair';
    void this.showHandles();
  }

  toggleSnapping(): void {
    this.snaps = !this.snaps;
  }

  /** Lets go of what is under way; `false` where nothing was. */
  drop(): boolean {
    const had = this.held.length > 0 || this.sketch.length > 0 || this.dragging !== null;
    this.held = [];
    this.sketch = [];
    this.dragging = null;
    this.stroke = null;
    this.painted.clear();
    this.ground.refused = null;
    this.ground.draftTotals = null;
    this.map.draft(null);
    this.mark();
    return had;
  }

  choose(faces: FaceId[]): void {
    this.chosen = faces;
    this.map.choose(faces);
  }

  /** Attaches to the map; returns how to let go of it. */
  attach(): () => void {
    const { map } = this.map;
    const press = (event: MapMouseEvent) => this.press(event);
    const move = (event: MapMouseEvent) => this.move(event);
    const release = () => void this.next(() => this.release());
    const click = (event: MapMouseEvent) => {
      const { lng, lat } = event.lngLat;
      void this.next(() => this.click([lng, lat], event.originalEvent.shiftKey));
    };
    const finish = (event: MapMouseEvent) => {
      event.preventDefault();
      void this.finish();
    };
    const handles = () => void this.showHandles();
    map.on('mousedown', press);
    map.on('mousemove', move);
    map.on('mouseup', release);
    map.on('click', click);
    map.on('dblclick', finish);
    map.on('moveend', handles);
    const stop = this.ground.onTouched((touched) => {
      void this.map.redraw(touched);
      this.choose(this.chosen.filter((face) => !touched.gone.includes(face)));
      void this.showHandles();
    });
    return () => {
      stop();
      map.off('mousedown', press);
      map.off('mousemove', move);
      map.off('mouseup', release);
      map.off('click', click);
      map.off('dblclick', finish);
      map.off('moveend', handles);
    };
  }

  /** What a click in the middle of the map would do: for those who work by keyboard. */
  clickCentre(shift: boolean): Promise<void> {
    const { lng, lat } = this.map.map.getCenter();
    return this.next(() => this.click([lng, lat], shift));
  }

  /** One after the other: the second click of a double click waits for the first. */
  private next(deed: () => Promise<void>): Promise<void> {
    this.last = this.last.catch(() => {}).then(deed);
    return this.last;
  }

  private get reachMm(): number {
    const { map } = this.map;
    // 512 px are the equator at zoom 0
    const metresPerPixel =
      (78_271.517 * Math.cos((map.getCenter().lat * Math.PI) / 180)) / 2 ** map.getZoom();
    return Math.max(1, Math.round(metresPerPixel * REACH_PX * 1000));
  }

  private snap(place: Position): Promise<Snapped | null> {
    // a sketch is free without snapping; other tools are about what is there
    const free = !this.snaps && SKETCH_TOOLS.includes(this.tool);
    return this.ground.client.ask('snap', place, free ? 0 : this.reachMm);
  }

  private press(event: MapMouseEvent): void {
    const place: Position = [event.lngLat.lng, event.lngLat.lat];
    if (STROKE_TOOLS.includes(this.tool) && event.originalEvent.button === 0) {
      this.stroke = [place];
      if (this.tool === 'brush') void this.paint(place);
      return;
    }
    if (this.tool !== 'move' || !this.resting || this.resting.to !== 'vertex') return;
    event.preventDefault();
    this.dragging = { at: this.resting.at, place: this.resting.place };
  }

  private move(event: MapMouseEvent): void {
    this.pointer = [event.lngLat.lng, event.lngLat.lat];
    if (this.stroke) {
      this.stroke = [...this.stroke, this.pointer];
      if (this.tool === 'brush') void this.paint(this.pointer);
      else this.mark();
      return;
    }
    void this.follow();
  }

  /** Follows the pointer as fast as answers come; places in between are left out. */
  private async follow(): Promise<void> {
    if (this.busy) return;
    this.busy = true;
    while (this.pointer) {
      const place = this.pointer;
      this.pointer = null;
      if (this.dragging) await this.pull(this.dragging, place);
      else if (this.tool !== 'select') {
        this.resting = await this.snap(place);
        this.mark();
      }
    }
    this.busy = false;
  }

  /** Where a vertex goes to: with snapping onto the nearest street, if one is near. */
  private async target(place: Position): Promise<GridPoint | null> {
    const on = this.snaps ? nearestOn(this.streetsAt(place), place) : null;
    return (await this.ground.client.ask('points', [on ?? place]))?.[0] ?? null;
  }

  private async pull(vertex: Held, place: Position): Promise<void> {
    const to = await this.target(place);
    if (!to || this.dragging !== vertex) return;
    this.latest = { move_vertex: { at: vertex.at, to } };
    const touched = await this.ground.preview(this.latest);
    if (this.dragging !== vertex) return;
    if (touched) this.map.draft(touched);
    this.mark();
  }

  private async release(): Promise<void> {
    if (this.dragging) {
      const operation = this.latest;
      this.latest = null;
      this.dragging = null;
      if (operation && !this.ground.refused) await this.ground.act(operation);
      else this.map.draft(null);
      return;
    }
    const stroke = this.stroke;
    this.stroke = null;
    if (!stroke) return;
    if (this.tool === 'brush') await this.giveTo([...this.painted]);
    if (this.tool === 'lasso' && stroke.length > 3) await this.encircle(stroke);
    this.painted.clear();
    this.mark();
  }

  private async paint(place: Position): Promise<void> {
    const face = await this.ground.client.ask('faceAt', place);
    if (face === null || this.painted.has(face)) return;
    this.painted.add(face);
    this.map.choose([...this.painted]);
  }

  /** Gives cells to the owner that is taken up. */
  async giveTo(faces: FaceId[]): Promise<void> {
    const changing = faces.filter((face) => this.ground.face(face)?.owner !== this.owner);
    if (changing.length > 0) {
      await this.ground.act({ set_owner: { faces: changing, owner: this.owner } });
    }
    this.map.choose(this.chosen);
  }

  private async encircle(around: Position[]): Promise<void> {
    this.choose(await this.ground.client.ask('facesWithin', around));
  }

  private async click(place: Position, shift: boolean): Promise<void> {
    switch (this.tool) {
      case 'select':
        return this.pick(place, shift);
      case 'eyedropper': {
        const face = await this.ground.client.ask('faceAt', place);
        if (face !== null) this.owner = this.ground.face(face)?.owner ?? null;
        return;
      }
      case 'brush': {
        const face = await this.ground.client.ask('faceAt', place);
        if (face !== null) await this.giveTo([face]);
        return;
      }
      case 'insert': {
        const rests = await this.snap(place);
        if (rests && typeof rests.to === 'object') {
          await this.ground.act({ insert_vertex: { between: rests.to.border, at: rests.at } });
        }
        return;
      }
      case 'delete': {
        const vertex = await this.vertexAt(place);
        if (vertex) await this.ground.act({ delete_vertex: { at: vertex.at } });
        return;
      }
      default:
        return this.put(place);
    }
  }

  private async pick(place: Position, more: boolean): Promise<void> {
    const face = await this.ground.client.ask('faceAt', place);
    if (face === null) this.choose([]);
    else if (!more) this.choose([face]);
    else if (this.chosen.includes(face)) this.choose(this.chosen.filter((each) => each !== face));
    else this.choose([...this.chosen, face]);
  }

  private async vertexAt(place: Position): Promise<Held | null> {
    const rests = await this.snap(place);
    return rests?.to === 'vertex' ? { at: rests.at, place: rests.place } : null;
  }

  /** A click of a tool that needs several. */
  private async put(place: Position): Promise<void> {
    if (SKETCH_TOOLS.includes(this.tool)) {
      const rests = await this.snap(place);
      if (rests) this.sketch = [...this.sketch, { at: rests.at, place: rests.place }];
      this.mark();
      return;
    }
    const [first, second] = this.held;
    if (this.tool === 'move' && first) {
      const to = await this.target(place);
      this.held = [];
      if (to) await this.ground.act({ move_vertex: { at: first.at, to } });
    } else if (this.tool === 'follow' && first && second) {
      await this.followStreet(first, second, place);
    } else {
      const vertex = await this.vertexAt(place);
      if (!vertex) return;
      this.held = [...this.held, vertex];
      const [from, to] = this.held;
      if (this.tool === 'straighten' && from && to) {
        this.held = [];
        await this.ground.act({ straighten: { from: from.at, to: to.at } });
      }
    }
    this.mark();
  }

  private async followStreet(first: Held, second: Held, place: Position): Promise<void> {
    const lines = this.streetsAt(place);
    const parts = lines.map((line) => partBetween(line, first.place, second.place));
    const street = parts.toSorted((one, other) => other.length - one.length)[0];
    if (!street) return;
    const points = await this.ground.client.ask('points', street);
    this.held = [];
    if (points) await this.ground.act({ follow: { line: [first.at, ...points, second.at] } });
  }

  /** The streets drawn near a place. */
  private streetsAt(place: Position): Position[][] {
    const { map } = this.map;
    const { x, y } = map.project(place);
    const box: [[number, number], [number, number]] = [
      [x - REACH_PX, y - REACH_PX],
      [x + REACH_PX, y + REACH_PX],
    ];
    return map
      .queryRenderedFeatures(box, { layers: STREET_LAYERS })
      .flatMap(({ geometry }) => linesOf(geometry));
  }

  /** Ends the line or loop that is being drawn. */
  finish(): Promise<void> {
    return this.next(() => this.end());
  }

  private async end(): Promise<void> {
    const sketch = this.sketch;
    this.sketch = [];
    this.mark();
    const points = withoutRepeats(sketch.map(({ at }) => at));
    if (this.tool === 'lasso' && sketch.length > 2) {
      await this.encircle(sketch.map(({ place }) => place));
    }
    if (this.tool === 'split' && points.length > 1) {
      const face = await this.dividedBy(sketch);
      if (face !== null) await this.ground.act({ split: { face, line: points } });
    }
    const [from, to] = this.chosen;
    if (this.tool === 'transfer' && points.length > 2 && from !== undefined && to !== undefined) {
      await this.ground.act({ transfer: { polygon: { exterior: points, holes: [] }, from, to } });
    }
  }

  /** The cell that is chosen, or else the one in the middle of the line's longest piece. */
  private async dividedBy(sketch: Held[]): Promise<FaceId | null> {
    const [only, other] = this.chosen;
    if (only !== undefined && other === undefined) return only;
    const pieces = sketch.slice(1).map(({ place: [lon, lat] }, index) => {
      const [fromLon, fromLat] = sketch[index]!.place;
      const middle: Position = [(lon + fromLon) / 2, (lat + fromLat) / 2];
      return { middle, length: Math.hypot(lon - fromLon, lat - fromLat) };
    });
    const longest = pieces.toSorted((one, two) => two.length - one.length)[0];
    return longest ? this.ground.client.ask('faceAt', longest.middle) : null;
  }

  do(deed: DeedName): Promise<void> {
    return this.next(() => this.deed(deed));
  }

  private async deed(deed: DeedName): Promise<void> {
    const faces = this.chosen;
    if (deed === 'merge') {
      const born = await this.ground.act({ merge: { faces } });
      if (born) this.choose(born);
      return;
    }
    const locked = faces.every((face) => this.ground.face(face)?.locked);
    await this.ground.act(locked ? { unlock: { faces } } : { lock: { faces } });
  }

  private async showHandles(): Promise<void> {
    const bounds = this.map.map.getBounds();
    const within = VERTEX_TOOLS.includes(this.tool)
      ? await this.ground.client.ask(
          'vertices',
          [bounds.getWest(), bounds.getSouth(), bounds.getEast(), bounds.getNorth()],
          HANDLES_MAX,
        )
      : [];
    this.tooMany = within === null;
    const places = within ?? [];
    const features: GeoJSON.Feature[] = [];
    for (let i = 0; i + 1 < places.length; i += 2) {
      const coordinates = [places[i]!, places[i + 1]!];
      features.push({ type: 'Feature', geometry: { type: 'Point', coordinates }, properties: {} });
    }
    this.map.show('handles', features);
  }

  /** Draws what the hand holds and where it rests. */
  private mark(): void {
    const features = this.held.map(({ place }) => dot('held', place));
    const line = this.stroke ?? this.sketch.map(({ place }) => place);
    const rests = this.resting;
    const drawing = line.length > 0 && rests && !this.stroke ? [...line, rests.place] : line;
    if (drawing.length > 1) {
      const geometry = { type: 'LineString' as const, coordinates: drawing };
      features.push({ type: 'Feature', geometry, properties: { mark: 'sketch' } });
    }
    if (rests && rests.to !== 'nothing' && !this.dragging) features.push(dot('rests', rests.place));
    const refused = this.ground.refused?.place;
    if (refused) features.push(dot('refused', refused));
    this.map.show('marks', features);
  }
}

/** A double click puts its point twice. */
function withoutRepeats(points: GridPoint[]): GridPoint[] {
  return points.filter(([x, y], index) => {
    const before = points[index - 1];
    return !before || before[0] !== x || before[1] !== y;
  });
}
