/** Where something changed in a layer of tiles: tiles of zoom 16, `null` for any of them. */
export interface TileChange {
  layer: string | null;
  tiles: [x: number, y: number][] | null;
}

type Listener = (change: TileChange) => void;

/** What a tile shows beyond its edges, as a share of its width. */
const MARGIN = 64 / 4096;
const NEWS_ZOOM = 16;

/** Every tile down to zoom 16 in which, with its margin, one of these lies. */
export function tilesAround(
  changed: [x: number, y: number][],
): { x: number; y: number; z: number }[] {
  const found = new Map<string, { x: number; y: number; z: number }>();
  for (let z = 0; z <= NEWS_ZOOM; z += 1) {
    const side = 2 ** (NEWS_ZOOM - z);
    const last = 2 ** z - 1;
    const range = (at: number) => [
      Math.max(0, Math.floor(at / side - MARGIN)),
      Math.min(last, Math.floor((at + 1) / side + MARGIN)),
    ];
    for (const [column, row] of changed) {
      const [west, east] = range(column) as [number, number];
      const [north, south] = range(row) as [number, number];
      for (let x = west; x <= east; x += 1) {
        for (let y = north; y <= south; y += 1) found.set(`${z}/${x}/${y}`, { x, y, z });
      }
    }
  }
  return [...found.values()];
}

/** Passes on what the live stream says of tiles. */
class TileNews {
  private readonly listeners = new Set<Listener>();

  subscribe(listener: Listener): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  hear(change: TileChange): void {
    for (const listener of this.listeners) listener(change);
  }
}

export const tileNews = new TileNews();
