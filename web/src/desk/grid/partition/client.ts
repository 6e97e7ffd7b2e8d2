import type { Answered, Asked, Deeds } from './worker';

type Answer<K extends keyof Deeds> = Awaited<ReturnType<Deeds[K]>>;

interface Waiting {
  resolve: (answer: never) => void;
  reject: (error: Error) => void;
}

/** The partition could not do what was asked; its message begins with a word for why. */
export class PartitionError extends Error {}

/** The page's side of the worker: questions are answered in the order they are asked. */
export class PartitionClient {
  private readonly worker = new Worker(new URL('./worker.ts', import.meta.url), {
    type: 'module',
  });
  private readonly waiting = new Map<number, Waiting>();
  private asked = 0;

  constructor() {
    this.worker.onmessage = ({ data }: MessageEvent<Answered>) => {
      const waiting = this.waiting.get(data.id);
      this.waiting.delete(data.id);
      if ('failure' in data) waiting?.reject(new PartitionError(data.failure));
      else waiting?.resolve(data.answer as never);
    };
    this.worker.onerror = ({ message }) => {
      for (const { reject } of this.waiting.values()) reject(new PartitionError(message));
      this.waiting.clear();
    };
  }

  ask<K extends keyof Deeds>(deed: K, ...given: Parameters<Deeds[K]>): Promise<Answer<K>> {
    this.asked += 1;
    const id = this.asked;
    return new Promise((resolve, reject) => {
      this.waiting.set(id, { resolve, reject });
      this.worker.postMessage({ id, deed, arguments: given } satisfies Asked);
    });
  }

  end(): void {
    this.worker.terminate();
  }
}
