/** Which tiles of a layer show something else now; `null` for any of them, or any layer. */
export interface TileChange {
  layer: string | null;
  zoom: number | null;
  tiles: [x: number, y: number][] | null;
}

/** What a map shows: a rectangle of tiles of one zoom, the last ones among them, and the layers. */
export interface TileView {
  z: number;
  columns: [first: number, last: number];
  rows: [first: number, last: number];
  layers: string[];
}

interface Bounds {
  west: number;
  south: number;
  east: number;
  north: number;
}

type Listener = (change: TileChange) => void;

/** Deeper tiles are drawn from those of this zoom. */
const ZOOM_MAX = 16;
/** The service is told of no more. */
const TILES_MAX = 1024;
/** Told of once the map has rested so long, so that one that is being moved does not ask with every step. */
const SETTLED_MS = 300;

const count = ([first, last]: [number, number]) => last - first + 1;

/** The tiles that a map with these bounds (degrees, WGS 84) shows at a zoom. */
export function viewOf(
  { west, south, east, north }: Bounds,
  zoom: number,
  layers: string[],
): TileView {
  const z = Math.max(0, Math.min(ZOOM_MAX, Math.floor(zoom)));
  const side = 2 ** z;
  const within = (at: number) => Math.max(0, Math.min(side - 1, Math.floor(at * side)));
  const column = (lon: number) => within(lon / 360 + 0.5);
  const row = (lat: number) => {
    const sine = Math.sin((lat * Math.PI) / 180);
    return within(0.5 - Math.log((1 + sine) / (1 - sine)) / (4 * Math.PI));
  };
  return {
    z,
    columns: [column(west), column(east)],
    rows: [row(north), row(south)],
    layers: [...layers].sort(),
  };
}

/** With half as much again on every side, if that is not too much. */
export function withSurroundings(view: TileView): TileView {
  const last = 2 ** view.z - 1;
  const wider = (range: [number, number]): [number, number] => {
    const more = Math.ceil(count(range) / 2);
    return [Math.max(0, range[0] - more), Math.min(last, range[1] + more)];
  };
  const columns = wider(view.columns);
  const rows = wider(view.rows);
  return count(columns) * count(rows) > TILES_MAX ? view : { ...view, columns, rows };
}

/** Whether one shows all of the tiles that the other shows. */
export function covers(one: TileView, other: TileView): boolean {
  const within = (outer: [number, number], inner: [number, number]) =>
    outer[0] <= inner[0] && inner[1] <= outer[1];
  return (
    one.z === other.z &&
    within(one.columns, other.columns) &&
    within(one.rows, other.rows) &&
    other.layers.every((layer) => one.layers.includes(layer))
  );
}

/** Whether a tile of the view's zoom is among its tiles. */
export function shows({ columns, rows }: TileView, [x, y]: [x: number, y: number]): boolean {
  return columns[0] <= x && x <= columns[1] && rows[0] <= y && y <= rows[1];
}

/** As the live stream is asked for it. */
export function viewQuery(view: TileView | null): Record<string, string> {
  if (!view || count(view.columns) * count(view.rows) > TILES_MAX) return {};
  const range = ([first, last]: [number, number]) => `${first}-${last}`;
  return {
    tiles: `${view.z}/${range(view.columns)}/${range(view.rows)}`,
    layers: view.layers.join(','),
  };
}

/** Passes on what the live stream says of tiles, and knows of which tiles it is to say something. */
export class TileNews {
  /** What the map shows, and what it would show after a small move. */
  wanted: TileView | null = null;
  private readonly listeners = new Set<Listener>();
  private changed: () => void = () => {};
  private settled: ReturnType<typeof setTimeout> | undefined;

  subscribe(listener: Listener): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  hear(change: TileChange): void {
    for (const listener of this.listeners) listener(change);
  }

  /** `changed` is called when other tiles are wanted than before. */
  onWanted(changed: () => void): void {
    this.changed = changed;
  }

  /** Says what the map shows now; `null`: there is no map any more. */
  look(view: TileView | null): void {
    if (view && this.wanted && covers(this.wanted, view)) {
      // a layer that was taken away is not worth asking anew
      return;
    }
    clearTimeout(this.settled);
    this.wanted = view && withSurroundings(view);
    if (view) this.settled = setTimeout(() => this.changed(), SETTLED_MS);
  }
}

export const tileNews = new TileNews();
