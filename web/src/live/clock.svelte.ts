/** The server's time, carried on by this machine's steady clock between two messages. */
class Clock {
  /** Milliseconds since 1970 by the server; moves once a second. */
  now = $state(Date.now());
  private offsetMs = Date.now() - performance.now();

  constructor() {
    setInterval(() => this.tick(), 1000);
  }

  /** A message arrived that was sent at `serverNow`. */
  hear(serverNow: string): void {
    this.offsetMs = Date.parse(serverNow) - performance.now();
    this.tick();
  }

  private tick(): void {
    this.now = Math.round(this.offsetMs + performance.now());
  }
}

export const clock = new Clock();
