import { ApiError } from '../../api/client';
import { leavePosition, ownPosition, reportPosition } from '../../api/collectors';
import { clock } from '../../live/clock.svelte';
import { session } from '../../shell/session.svelte';

const EVERY_MS = 15_000;
/** In this tab, so that a reload goes on and another device does not. */
const STORED = 'cityward.duty';

/** `unsaid`: off duty, and the service has not heard of it. */
type Trouble = 'denied' | 'inexact' | 'unreachable' | 'refused' | 'unsaid';

function troubleOf(error: unknown): Trouble | null {
  if (!(error instanceof ApiError) || error.status === 0) return 'unreachable';
  const fields = error.problem.errors?.map(({ field }) => field) ?? [];
  if (fields.includes('/accuracy_m')) return 'inexact';
  // another device of the same person said it a moment ago
  return [409, 429].includes(error.status) ? null : 'refused';
}

/** Whether the person is on duty; while they are, this page says every so often where they are. */
class Duty {
  on = $state(false);
  /** On duty by another device. */
  elsewhere = $state(false);
  since = $state<string | null>(null);
  /** When the service took a place last. */
  sentAt = $state<number | null>(null);
  trouble = $state<Trouble | null>(null);
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor() {
    session.beforeLeaving(async () => {
      if (this.on) await this.end();
    });
  }

  /** Goes on where this tab was before it was loaded anew. */
  async resume(): Promise<void> {
    if (this.on) return;
    const here = sessionStorage.getItem(STORED) !== null;
    // where the service cannot be asked, reporting goes on and is told how it is
    const known = await ownPosition().then(
      ({ on_duty }) => on_duty !== null,
      () => here,
    );
    this.elsewhere = known && !here;
    if (known && here) this.begin();
    else sessionStorage.removeItem(STORED);
  }

  begin(): void {
    clearTimeout(this.timer);
    sessionStorage.setItem(STORED, 'yes');
    this.on = true;
    this.elsewhere = false;
    this.trouble = null;
    this.report();
  }

  async end(): Promise<void> {
    this.stop();
    await this.leave();
  }

  /** Says it until it is heard, or the person is on duty again. */
  private async leave(): Promise<void> {
    try {
      await leavePosition();
      if (!this.on) this.trouble = null;
    } catch {
      if (this.on) return;
      this.trouble = 'unsaid';
      this.timer = setTimeout(() => void this.leave(), EVERY_MS);
    }
  }

  private stop(): void {
    clearTimeout(this.timer);
    sessionStorage.removeItem(STORED);
    this.on = false;
    this.since = null;
    this.sentAt = null;
    this.trouble = null;
  }

  private report(): void {
    clearTimeout(this.timer);
    navigator.geolocation.getCurrentPosition(
      (position) => void this.send(position),
      () => this.again('denied'),
      { enableHighAccuracy: true, timeout: 10_000, maximumAge: 5_000 },
    );
  }

  private async send({ coords, timestamp }: GeolocationPosition): Promise<void> {
    if (!this.on) return;
    // by the service's clock: the device's may be wrong
    const at = new Date(clock.now - Math.max(0, Date.now() - timestamp)).toISOString();
    const { longitude: lon, latitude: lat, accuracy } = coords;
    try {
      const { since } = await reportPosition({ lon, lat, accuracy_m: accuracy, at });
      if (!this.on) {
        // gone off duty while this was on its way
        await this.leave();
        return;
      }
      this.since = since;
      this.sentAt = clock.now;
      this.again(null);
    } catch (error) {
      const over = error instanceof ApiError && [401, 403].includes(error.status);
      if (over) this.stop();
      else this.again(troubleOf(error));
    }
  }

  private again(trouble: Trouble | null): void {
    if (!this.on) return;
    this.trouble = trouble;
    this.timer = setTimeout(() => this.report(), EVERY_MS);
  }
}

export const duty = new Duty();
