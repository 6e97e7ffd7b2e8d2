import type { GeoJSONSource, GeoJSONSourceDiff } from 'maplibre-gl';
import type { CaseRow } from '../api/types';
import { caseFeature, type Seen } from './shapes';

/** The map is told of changes at most this often, and never while it works on the last ones. */
const PAUSE_MS = 250;

/**
 * Keeps the map's case source equal to a list of cases by sending it only what changed. Should
 * the map ever refuse a change, everything is sent again.
 */
export class CaseOverlay {
  private drawn = new Map<number, string>();
  private wanted: CaseRow[] = [];
  private busy = false;
  private dirty = false;

  constructor(
    private readonly source: GeoJSONSource,
    private readonly seen: (row: CaseRow) => Seen,
  ) {}

  show(rows: CaseRow[]): void {
    this.wanted = rows;
    this.dirty = true;
    if (!this.busy) void this.flush();
  }

  private async flush(): Promise<void> {
    this.busy = true;
    while (this.dirty) {
      this.dirty = false;
      const diff = this.difference();
      if (diff) {
        await this.source.updateData(diff).catch(() => this.resend());
        await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
      }
    }
    this.busy = false;
  }

  private difference(): GeoJSONSourceDiff | null {
    const next = new Map(
      this.wanted.map((row) => {
        const seen = this.seen(row);
        return [row.id, { row, seen, is: `${row.version} ${seen.mine} ${seen.label}` }];
      }),
    );
    const remove = [...this.drawn.keys()].filter((id) => !next.has(id));
    // An added feature with a known id replaces the old one.
    const add = [...next.values()]
      .filter(({ row, is }) => this.drawn.get(row.id) !== is)
      .map(({ row, seen }) => caseFeature(row, seen));
    this.drawn = new Map([...next].map(([id, { is }]) => [id, is]));
    return remove.length + add.length > 0 ? { remove, add } : null;
  }

  private async resend(): Promise<void> {
    const features = this.wanted.map((row) => caseFeature(row, this.seen(row)));
    await this.source.setData({ type: 'FeatureCollection', features });
  }
}
