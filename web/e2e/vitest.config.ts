import { statSync } from 'node:fs';
import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Deals the files out by their length, so that each share takes about as long. */
class Dealt extends BaseSequencer {
  override async shard(files: TestSpecification[]): Promise<TestSpecification[]> {
    const { index, count } = this.ctx.config.shard ?? { index: 1, count: 1 };
    const length = new Map(files.map((file) => [file, statSync(file.moduleId).size]));
    const longestFirst = [...files].sort((a, b) => (length.get(b) ?? 0) - (length.get(a) ?? 0));
    return longestFirst.filter((_, nth) => {
      const round = Math.floor(nth / count);
      const place = nth % count;
      return (round % 2 === 0 ? place : count - 1 - place) === index - 1;
    });
  }
}

/** A real browser on the real program: one file at a time, because both are heavy. */
export default defineConfig({
  cacheDir: '../node_modules/.vite-e2e',
  test: {
    root: import.meta.dirname,
    include: ['*.spec.ts'],
    globalSetup: ['./city.ts'],
    fileParallelism: false,
    sequence: { sequencer: Dealt },
    testTimeout: 180_000,
    hookTimeout: 180_000,
  },
});
