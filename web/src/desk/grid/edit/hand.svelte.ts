import type { MapMouseEvent } from 'maplibre-gl';
import type { GridMap } from '../map/grid_map.svelte';
import type { FaceId, Operation, Position, UnitId } from '../partition/types';
import type { EditedGround } from './ground.svelte';
import { marksOf } from './marks';
import { placesAlong, withoutRepeats } from './sketch';
import { type Held, type Rest, Snapping } from './snapping';
import {
  BORDER_TOOLS,
  type DeedName,
  LOOP_TOOLS,
  SKETCH_TOOLS,
  STROKE_TOOLS,
  type ToolName,
  VERTEX_TOOLS,
  type Why,
  whyNotTool,
} from './tools';

/** More vertices than these in view are dots on dots. */
export const HANDLES_MAX = 800;

/** A point of what is drawn; the corners of a street between two of them are at none. */
type Drawn = Held & Partial<Pick<Rest, 'streets'>>;

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
  sketch = $state.raw<Drawn[]>([]);
  /** Where the pointer rests. */
  rests = $state.raw<Rest | null>(null);
  /** Why the last click or key did nothing. */
  missed = $state<Why | null>(null);
  /** So many vertices are in view that none is drawn; they can be taken all the same. */
  tooMany = $state(false);
  private readonly snapping: Snapping;
  /** The street between the last point that was put and where the pointer rests. */
  private way: Held[] = [];
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
  ) {
    this.snapping = new Snapping(ground.client, map);
  }

  whyNot(tool: ToolName): Why | null {
    return whyNotTool(tool, this.chosen.length, this.ground.owners.length > 0);
  }

  take(tool: ToolName): void {
    this.drop();
    this.missed = this.whyNot(tool);
    if (this.missed) return;
    this.tool = tool;
    const strokes = STROKE_TOOLS.includes(tool);
    if (strokes) this.map.map.dragPan.disable();
    else this.map.map.dragPan.enable();
    this.map.map.getCanvas().style.cursor = tool === 'select' ? '' : 'crosshair';
    void this.showHandles();
  }

  toggleSnapping(): void {
    this.snaps = !this.snaps;
    this.rests = null;
    this.way = [];
    this.mark();
  }

  /** Lets go of what is under way; `false` where nothing was. */
  drop(): boolean {
    const had = this.held.length > 0 || this.sketch.length > 0 || this.dragging !== null;
    this.held = [];
    this.sketch = [];
    this.dragging = null;
    this.stroke = null;
    this.rests = null;
    this.way = [];
    this.missed = null;
    this.painted.clear();
    this.ground.refused = null;
    this.ground.draftTotals = null;
    this.map.draft(null);
    this.mark();
    return had;
  }

  /** Takes back the last point of what is being drawn; `false` where there is none. */
  back(): boolean {
    const had = this.sketch.length > 0;
    const kept = this.sketch.slice(0, -1);
    // the corners of a street go with the point that they led to
    while (kept.length > 0 && !kept.at(-1)?.streets) kept.pop();
    this.sketch = kept;
    this.way = [];
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

  private rest(place: Position): Promise<Rest | null> {
    // a sketch is free without snapping; other tools are about what is there
    const free = !this.snaps && SKETCH_TOOLS.includes(this.tool);
    return this.snapping.rest(place, { free, streets: BORDER_TOOLS.includes(this.tool) });
  }

  private press(event: MapMouseEvent): void {
    const place: Position = [event.lngLat.lng, event.lngLat.lat];
    if (STROKE_TOOLS.includes(this.tool) && event.originalEvent.button === 0) {
      this.stroke = [place];
      if (this.tool === 'brush') void this.paint(place);
      return;
    }
    if (this.tool !== 'move' || this.rests?.on !== 'vertex') return;
    event.preventDefault();
    this.dragging = { at: this.rests.at, place: this.rests.place };
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
      else if (this.tool !== 'select') await this.hover(place);
    }
    this.busy = false;
  }

  private async hover(place: Position): Promise<void> {
    const { tool } = this;
    const [first, second] = this.held;
    let rests = await this.rest(place);
    let way: Held[] | null = null;
    if (tool === 'move' && first) rests = await this.snapping.target(place, this.snaps);
    else if (tool === 'follow' && first && second) {
      const street = await this.snapping.follow(place, first.place, second.place);
      way = street && [first, ...street, second];
    } else way = await this.wayTo(rests);
    if (this.tool !== tool) return;
    this.rests = rests;
    this.way = way ?? [];
    this.mark();
  }

  /** The street from the last point that was put, where both are at one. */
  private async wayTo(rest: Rest | null): Promise<Held[] | null> {
    const from = this.sketch.at(-1);
    if (!this.snaps || !from?.streets || !rest) return null;
    return this.snapping.between({ place: from.place, streets: from.streets }, rest);
  }

  private async pull(vertex: Held, place: Position): Promise<void> {
    const to = await this.snapping.target(place, this.snaps);
    if (!to || this.dragging !== vertex) return;
    this.rests = to;
    this.latest = { move_vertex: { at: vertex.at, to: to.at } };
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

  /** Gives cells to the owner that is taken up, for the classes that are looked at. */
  async giveTo(faces: FaceId[]): Promise<void> {
    await this.ground.give(faces, this.owner);
    this.map.choose(this.chosen);
  }

  private async encircle(around: Position[]): Promise<void> {
    this.choose(await this.ground.client.ask('facesWithin', around));
  }

  private async click(place: Position, shift: boolean): Promise<void> {
    this.missed = null;
    switch (this.tool) {
      case 'select':
        return this.pick(place, shift);
      case 'eyedropper': {
        const face = await this.ground.client.ask('faceAt', place);
        const answers = face === null ? undefined : this.ground.face(face)?.answers;
        if (face !== null) {
          this.owner = answers != null && !this.ground.ended.has(answers) ? answers : null;
        }
        return;
      }
      case 'brush': {
        const face = await this.ground.client.ask('faceAt', place);
        if (face !== null) await this.giveTo([face]);
        return;
      }
      case 'insert': {
        const rest = await this.rest(place);
        if (!rest?.between) this.missed = 'noBorder';
        else await this.ground.act({ insert_vertex: { between: rest.between, at: rest.at } });
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
    const rest = await this.rest(place);
    if (rest?.on === 'vertex') return rest;
    this.missed = 'noVertex';
    return null;
  }

  /** A click of a tool that needs several. */
  private async put(place: Position): Promise<void> {
    const [first, second] = this.held;
    if (SKETCH_TOOLS.includes(this.tool)) await this.putPoint(place);
    else if (this.tool === 'move' && first) {
      const to = await this.snapping.target(place, this.snaps);
      this.held = [];
      if (to) await this.ground.act({ move_vertex: { at: first.at, to: to.at } });
    } else if (this.tool === 'follow' && first && second) {
      await this.followStreet(first, second, place);
    } else await this.hold(place);
    this.mark();
  }

  private async putPoint(place: Position): Promise<void> {
    const rest = await this.rest(place);
    if (!rest) return;
    const corners = (await this.wayTo(rest)) ?? [];
    this.sketch = [...this.sketch, ...corners, rest];
    this.rests = rest;
    this.way = [];
  }

  private async hold(place: Position): Promise<void> {
    const vertex = await this.vertexAt(place);
    if (!vertex) return;
    this.held = [...this.held, vertex];
    const [from, to] = this.held;
    if (this.tool !== 'straighten' || !from || !to) return;
    this.held = [];
    await this.ground.act({ straighten: { from: from.at, to: to.at } });
  }

  private async followStreet(first: Held, second: Held, place: Position): Promise<void> {
    const way = await this.snapping.follow(place, first.place, second.place);
    if (!way) {
      this.missed = 'noStreet';
      return;
    }
    this.held = [];
    this.way = [];
    const line = withoutRepeats([first, ...way, second].map(({ at }) => at));
    await this.ground.act({ follow: { line } });
  }

  /** Ends the line or loop that is being drawn. */
  finish(): Promise<void> {
    return this.next(() => this.end());
  }

  private async end(): Promise<void> {
    const sketch = this.sketch;
    this.sketch = [];
    this.way = [];
    this.mark();
    const points = withoutRepeats(sketch.map(({ at }) => at));
    if (this.tool === 'lasso' && sketch.length > 2) {
      await this.encircle(sketch.map(({ place }) => place));
    }
    if (this.tool === 'split' && points.length > 1) {
      const face = await this.dividedBy(sketch.map(({ place }) => place));
      if (face !== null) await this.ground.act({ split: { face, line: points } });
    }
    if (this.tool === 'scope' && points.length > 1) await this.redrawScope(points);
    if (LOOP_TOOLS.includes(this.tool) && points.length > 2) await this.transfer(points);
  }

  /** What comes in goes to the cell that is chosen, where it is one, and is else to be decided. */
  private async redrawScope(line: Held['at'][]): Promise<void> {
    const scope = await this.ground.client.ask('scopeAlong', line);
    const [only, other] = this.chosen;
    const to = only !== undefined && other === undefined ? only : null;
    if (scope) await this.ground.act({ redraw_scope: { scope, to } });
    else this.missed = 'noOutline';
  }

  /** Ground in a loop goes from one cell to another, from the outside to one, or out of one. */
  private async transfer(exterior: Held['at'][]): Promise<void> {
    const [first, second] = this.chosen;
    this.missed = this.whyNot(this.tool);
    if (this.missed || first === undefined) return;
    const polygon = { exterior, holes: [] };
    const ends = {
      transfer: { from: first, to: second ?? null },
      takeIn: { from: null, to: first },
      cutOut: { from: first, to: null },
    }[this.tool as 'transfer' | 'takeIn' | 'cutOut'];
    await this.ground.act({ transfer: { polygon, ...ends } });
  }

  /** The cell that is chosen, or else the one that the line is in for the most part. */
  private async dividedBy(line: Position[]): Promise<FaceId | null> {
    const [only, other] = this.chosen;
    if (only !== undefined && other === undefined) return only;
    const passed = placesAlong(line).map((place) => this.ground.client.ask('faceAt', place));
    const faces = (await Promise.all(passed)).filter((face) => face !== null);
    const count = (face: FaceId) => faces.filter((each) => each === face).length;
    return faces.toSorted((one, two) => count(two) - count(one))[0] ?? null;
  }

  /** Of what is chosen, the ground that nobody or several claim. */
  get undecided(): FaceId[] {
    return this.chosen.filter((face) => this.ground.face(face)?.ground !== 'cell');
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
    if (deed === 'settle') {
      for (const face of this.undecided) await this.ground.act({ settle: { face } });
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
    const sketch = this.sketch.map(({ place }) => place);
    const way = this.way.map(({ place }) => place);
    const ahead = this.rests && sketch.length > 0 ? [...way, this.rests.place] : way;
    const line = this.stroke ?? [...sketch, ...ahead];
    const refused = this.ground.refused?.place ?? null;
    this.map.show('marks', marksOf({ held: this.held, line, rests: this.rests, refused }));
  }
}
