import { ApiError, liveUrl, snapshot } from '../api/client';
import type { LiveBatch, Notice } from '../api/types';
import { notices } from '../notice/notices.svelte';
import { openCases } from './cases.svelte';
import { clock } from './clock.svelte';
import { type TileChange, tileNews, viewQuery } from './tile_news';

/** Heartbeats come every 5 s; two missed ones are a delay, four mean that nobody is there. */
const DELAYED_MS = 10_000;
const LOST_MS = 20_000;
const RETRY_MS = [500, 1000, 2000, 4000];
/** What changed while nobody listened is not told again. */
const ANYTHING: TileChange = { layer: null, zoom: null, tiles: null };

export type Connection =
  | { state: 'connecting' }
  | { state: 'live' }
  | { state: 'delayed'; seconds: number }
  | { state: 'offline'; since: Date };

/**
 * Snapshot first, then every change after it. Reconnects by itself from the last sequence number;
 * where the server cannot continue from there it says `reset` and the snapshot is taken again.
 */
class Feed {
  connection = $state.raw<Connection>({ state: 'connecting' });
  /** How old what tiles show may be, in seconds. */
  tilesAgeS = $state(0);
  private source: EventSource | null = null;
  /** Takes the place of `source` once it is open: of other tiles. */
  private next: EventSource | null = null;
  private nextSince = 0;
  private seq: string | null = null;
  private heardAt = 0;
  private failures = 0;
  private retry: ReturnType<typeof setTimeout> | undefined;
  private watch: ReturnType<typeof setInterval> | undefined;
  private running = false;
  /** Which start it is: what was asked for before a stop is not of it. */
  private run = 0;
  private opened = false;

  start(): void {
    if (this.running) return;
    this.running = true;
    this.run += 1;
    tileNews.onWanted(() => this.renew());
    this.watch = setInterval(() => this.judge(), 1000);
    addEventListener('online', this.hurry);
    void this.connect();
  }

  stop(): void {
    this.running = false;
    clearInterval(this.watch);
    clearTimeout(this.retry);
    removeEventListener('online', this.hurry);
    this.next?.close();
    this.next = null;
    this.source?.close();
    this.source = null;
    this.seq = null;
    this.connection = { state: 'connecting' };
    openCases.clear();
  }

  private async connect(): Promise<void> {
    const { run } = this;
    const isOver = () => !this.running || this.run !== run;
    try {
      if (this.seq === null) {
        const { seq, now, cases } = await snapshot();
        if (isOver()) return;
        clock.hear(now);
        openCases.replace(cases);
        this.seq = seq;
      }
      this.listen(this.seq);
    } catch (error) {
      const signedOut = error instanceof ApiError && error.status === 401;
      if (!isOver() && !signedOut) this.fail();
    }
  }

  /** Asks for news of other tiles, while what is open goes on until that is. */
  private renew(): void {
    if (this.seq !== null && (this.source || this.next)) this.listen(this.seq);
  }

  private listen(after: string): void {
    this.next?.close();
    const source = new EventSource(liveUrl(after, viewQuery(tileNews.wanted)));
    this.next = source;
    this.nextSince = performance.now();
    source.addEventListener('open', () => {
      this.source?.close();
      this.source = source;
      this.next = null;
      this.heard();
      if (this.opened) tileNews.hear(ANYTHING);
      this.opened = true;
    });
    source.addEventListener('d', (event) => {
      const batch = JSON.parse(event.data) as LiveBatch;
      if (this.knows(batch.seq)) return;
      openCases.merge(batch.up, batch.new);
      openCases.drop(batch.gone ?? []);
      this.advance(batch);
    });
    source.addEventListener('n', (event) =>
      notices.hear((JSON.parse(event.data) as { notices: Notice[] }).notices),
    );
    source.addEventListener('t', (event) => tileNews.hear(JSON.parse(event.data) as TileChange));
    source.addEventListener('hb', (event) => {
      const beat = JSON.parse(event.data) as { seq: string; now: string; tiles_age_s: number };
      this.tilesAgeS = beat.tiles_age_s;
      this.advance(beat);
    });
    source.addEventListener('reset', () => {
      source.close();
      this.seq = null;
      void this.connect();
    });
    source.addEventListener('error', () => {
      source.close();
      if (this.source === source) this.fail();
      else if (this.next === source) this.failNext();
    });
  }

  /** Whether it came before, from the stream that this one took the place of. */
  private knows(seq: string): boolean {
    const [epoch, number] = seq.split('-');
    const [knownEpoch, known] = this.seq?.split('-') ?? [];
    return epoch === knownEpoch && Number(number) <= Number(known);
  }

  private advance({ seq, now }: { seq: string; now: string }): void {
    this.seq = seq;
    clock.hear(now);
    this.heard();
  }

  private heard(): void {
    this.heardAt = performance.now();
    this.failures = 0;
    if (this.connection.state !== 'live') this.connection = { state: 'live' };
  }

  private failNext(): void {
    this.next = null;
    if (!this.source) {
      this.fail();
      return;
    }
    clearTimeout(this.retry);
    this.retry = setTimeout(() => this.renew(), RETRY_MS.at(-1));
  }

  private fail(): void {
    this.next?.close();
    this.next = null;
    this.source = null;
    if (this.connection.state !== 'offline') {
      this.connection = { state: 'offline', since: new Date(clock.now) };
    }
    const wait = RETRY_MS[Math.min(this.failures, RETRY_MS.length - 1)];
    this.failures += 1;
    clearTimeout(this.retry);
    this.retry = setTimeout(() => void this.connect(), wait);
  }

  private hurry = (): void => {
    if (this.source || this.next) return;
    clearTimeout(this.retry);
    void this.connect();
  };

  private judge(): void {
    if (this.next && performance.now() - this.nextSince > LOST_MS) {
      this.next.close();
      this.failNext();
    }
    if (!this.source || this.heardAt === 0) return;
    const silentMs = performance.now() - this.heardAt;
    if (silentMs > LOST_MS) {
      this.source.close();
      this.heardAt = 0;
      this.fail();
    } else if (silentMs > DELAYED_MS) {
      this.connection = { state: 'delayed', seconds: Math.round(silentMs / 1000) };
    }
  }
}

export const feed = new Feed();
