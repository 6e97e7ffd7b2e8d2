import { ApiError } from '../api/client';
import type { Problem } from '../api/types';

/** One thing a person tries: whether it is under way, and why it failed. */
export class Attempt {
  busy = $state(false);
  problem = $state.raw<Problem | null>(null);

  /** True when it worked. What fails for another reason than the server's answer is thrown. */
  async run(deed: () => Promise<void>): Promise<boolean> {
    this.busy = true;
    this.problem = null;
    try {
      await deed();
      return true;
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      this.problem = error.problem;
      return false;
    } finally {
      this.busy = false;
    }
  }
}
