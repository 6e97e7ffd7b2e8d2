import type { FilterSpecification } from 'maplibre-gl';
import type { GridMap } from '../map/grid_map.svelte';
import type { PartitionClient } from '../partition/client';
import type { GridPoint, Position } from '../partition/types';
import {
  byDistance,
  crossingWith,
  joined,
  linesOf,
  nearestOn,
  partBetween,
  wayAlong,
} from './street';

/** A pointer this near takes hold. */
const REACH_PX = 12;
const STREET_LAYERS = ['street'];
/** A crossing is on the border but for the rounding to the grid. */
const CROSSING_MM = 20;
/** 512 px are the equator at zoom 0. */
const METRES_PER_PIXEL = 78_271.517;
const METRES_PER_DEGREE = 111_320;

/** A place that is held, on the grid and on the map. */
export interface Held {
  at: GridPoint;
  place: Position;
}

/** A street of the base map, as far as it is drawn; its names are empty where it has none. */
export interface Street {
  id: number | string | undefined;
  name_zh: string;
  name_en: string;
  lines: Position[][];
}

/** Where a pointer comes to rest. */
export interface Rest extends Held {
  on: 'vertex' | 'border' | 'street' | 'nothing';
  /** The vertices between which the border passes that it rests on. */
  between: [GridPoint, GridPoint] | null;
  /** The streets that it is at, the nearest first, also where it rests on a border. */
  streets: Street[];
}

type AtStreets = Pick<Rest, 'place' | 'streets'>;

/** Streets are cut where they cross others; the pieces have one name. */
const isSame = (one: Street, other: Street) =>
  (one.id !== undefined && one.id === other.id) ||
  (one.name_zh !== '' && one.name_zh === other.name_zh);

/** Finds where a pointer comes to rest: the partition knows borders, the map knows streets. */
export class Snapping {
  constructor(
    private readonly client: PartitionClient,
    private readonly map: GridMap,
  ) {}

  private get reachM(): number {
    const { map } = this.map;
    const shrunk = Math.cos((map.getCenter().lat * Math.PI) / 180);
    return (METRES_PER_PIXEL * shrunk * REACH_PX) / 2 ** map.getZoom();
  }

  /** On a vertex, else on a border, within reach; where asked for, else on a street. */
  async rest(place: Position, { free = false, streets = false } = {}): Promise<Rest | null> {
    const withinMm = free ? 0 : Math.max(1, Math.round(this.reachM * 1000));
    const snapped = await this.client.ask('snap', place, withinMm);
    if (!snapped) return null;
    const { to, at, border } = snapped;
    const near = streets && !free ? this.streetsAt(place) : [];
    const rest: Rest = { on: 'nothing', at, place: snapped.place, between: null, streets: near };
    if (to === 'vertex') return { ...rest, on: 'vertex' };
    if (typeof to !== 'object') return this.onStreet(rest, place);
    const onBorder: Rest = { ...rest, on: 'border', between: to.border };
    const crossing = border && (await this.crossing(onBorder, border, place));
    return crossing ?? onBorder;
  }

  /** Where a street and a border are both near, the place where they cross is meant. */
  private async crossing(
    rest: Rest,
    border: [Position, Position],
    place: Position,
  ): Promise<Rest | null> {
    const lines = rest.streets.flatMap((street) => street.lines);
    const crossing = crossingWith(lines, border, place);
    const { map } = this.map;
    if (!crossing || map.project(crossing).dist(map.project(place)) > REACH_PX) return null;
    const exact = await this.client.ask('snap', crossing, CROSSING_MM);
    return exact && exact.to !== 'nothing' ? { ...rest, at: exact.at, place: exact.place } : null;
  }

  private async onStreet(rest: Rest, place: Position): Promise<Rest> {
    const foot = nearestOn(rest.streets[0]?.lines ?? [], place);
    const at = foot && (await this.client.ask('points', [foot]))?.[0];
    return foot && at ? { ...rest, on: 'street', at, place: foot } : rest;
  }

  /** On the nearest street, where one is asked for and near, and else where it is. */
  async target(place: Position, streets: boolean): Promise<Rest | null> {
    const at = (await this.client.ask('points', [place]))?.[0];
    if (!at) return null;
    const near = streets ? this.streetsAt(place) : [];
    return this.onStreet({ on: 'nothing', at, place, between: null, streets: near }, place);
  }

  /** The way from one place to another along a street that both are at; `null` where none is. */
  async between(from: AtStreets, to: AtStreets): Promise<Held[] | null> {
    const street = from.streets.find((each) => to.streets.some((other) => isSame(each, other)));
    const way =
      street &&
      wayAlong(this.whole(street), from.place, to.place, (2 * this.reachM) / METRES_PER_DEGREE);
    return way ? this.held(way) : null;
  }

  /** The part of the street at a place between two others, however far beside it they are. */
  async follow(place: Position, from: Position, to: Position): Promise<Held[] | null> {
    const street = this.streetsAt(place)[0];
    const whole = street ? this.whole(street).map((line) => ({ lines: [line] })) : [];
    const line = byDistance(whole, place)[0]?.lines[0];
    return line ? this.held(partBetween(line, from, to)) : null;
  }

  private async held(way: Position[]): Promise<Held[] | null> {
    const points = await this.client.ask('points', way);
    return points ? points.map((at, index) => ({ at, place: way[index]! })) : null;
  }

  /** All that is loaded of a street, in as few lines as it is. */
  private whole({ id, name_zh: name, lines }: Street): Position[][] {
    const { map } = this.map;
    const ofId = ['==', ['id'], id ?? -1];
    const filter = name === '' ? ofId : ['any', ofId, ['==', ['get', 'name'], name]];
    const pieces = map.querySourceFeatures('basemap', {
      sourceLayer: 'street',
      filter: filter as FilterSpecification,
    });
    return joined([...lines, ...pieces.flatMap(({ geometry }) => linesOf(geometry))]);
  }

  /** The streets drawn near a place, the nearest first. */
  private streetsAt(place: Position): Street[] {
    const { map } = this.map;
    const { x, y } = map.project(place);
    const box: [[number, number], [number, number]] = [
      [x - REACH_PX, y - REACH_PX],
      [x + REACH_PX, y + REACH_PX],
    ];
    const drawn = map.queryRenderedFeatures(box, { layers: STREET_LAYERS });
    const streets = drawn.map(({ id, properties, geometry }) => ({
      id,
      name_zh: String(properties.name ?? ''),
      name_en: String(properties.name_en ?? ''),
      lines: linesOf(geometry),
    }));
    return byDistance(streets, place);
  }
}
