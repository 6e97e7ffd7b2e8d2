import { notices as ask, readNotices, receivedNotices } from '../api/cases';
import type { Notice } from '../api/types';

const KEPT_MAX = 100;

/** What this person is told: fetched once, then pushed. */
class Notices {
  all = $state.raw<Notice[]>([]);
  unread = $state(0);

  async load(): Promise<void> {
    try {
      const { notices, unread } = await ask();
      this.all = notices;
      this.unread = unread;
      void this.#acknowledge(notices);
    } catch {
      // The bell stays as it is; the connection pill says that the server cannot be reached.
    }
  }

  /** Arrived live. */
  hear(fresh: Notice[]): void {
    const known = new Set(this.all.map(({ id }) => id));
    const added = fresh.filter(({ id }) => !known.has(id));
    this.all = [...added.sort((a, b) => b.id - a.id), ...this.all].slice(0, KEPT_MAX);
    this.unread += added.filter((notice) => notice.read_at === null).length;
    void this.#acknowledge(added);
  }

  /** A case came to somebody's unit: with the page open here, the unit has received the notice. */
  async #acknowledge(come: Notice[]): Promise<void> {
    const last = Math.max(
      0,
      ...come.filter(({ kind }) => kind === 'dispatched').map(({ id }) => id),
    );
    if (last === 0) return;
    try {
      await receivedNotices(last);
    } catch {
      // Whoever opens the page next says so.
    }
  }

  async readAll(): Promise<void> {
    const last = Math.max(0, ...this.all.map(({ id }) => id));
    if (last === 0) return;
    await readNotices(last);
    const at = new Date().toISOString();
    this.all = this.all.map((notice) => ({ ...notice, read_at: notice.read_at ?? at }));
    this.unread = 0;
  }

  clear(): void {
    this.all = [];
    this.unread = 0;
  }
}

export const notices = new Notices();
