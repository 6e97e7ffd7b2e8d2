import { defineConfig } from 'vitest/config';

/** Browsers leave half of two cores idle: more workers would only wait for each other. */
const WORKERS = 2;

/** A real browser on the real program, in each worker one file at a time. */
export default defineConfig({
  cacheDir: '../node_modules/.vite-e2e',
  test: {
    root: import.meta.dirname,
    include: ['*.spec.ts'],
    globalSetup: ['./city.ts'],
    maxWorkers: WORKERS,
    testTimeout: 180_000,
    hookTimeout: 180_000,
  },
});
