import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vitest/config';

const server = process.env.CITYWARD_URL ?? 'http://127.0.0.1:8080';

export default defineConfig({
  plugins: [svelte()],
  server: {
    proxy: Object.fromEntries(['/api', '/tiles', '/healthz'].map((path) => [path, server])),
  },
  build: {
    target: 'es2022',
    // Fonts stay files: the map and the page share each subset, and `font-src 'self'` holds.
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 1200,
  },
  worker: { format: 'es' },
  test: { include: ['src/**/*.test.ts'], environment: 'node' },
});
