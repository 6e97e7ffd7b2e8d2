import { defineConfig } from 'vitest/config';

/** A real browser on the real program: one file at a time, because both are heavy. */
export default defineConfig({
  cacheDir: '../node_modules/.vite-e2e',
  test: {
    root: import.meta.dirname,
    include: ['*.spec.ts'],
    globalSetup: ['./city.ts'],
    fileParallelism: false,
    testTimeout: 180_000,
    hookTimeout: 180_000,
  },
});
