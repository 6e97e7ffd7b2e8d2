import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launch, signIn, visit } from './browser';
import { freePort, type Program, start, stop } from './program';

let browser: Browser;
let dataDir: string;
let port: number;
let program: Program;

beforeAll(async () => {
  browser = await launch();
  dataDir = await mkdtemp(join(tmpdir(), 'cityward-restart-'));
  port = await freePort();
  program = await start(['serve'], { dataDir, port });
});
afterAll(async () => {
  await browser?.close();
  if (program) await stop(program);
  await rm(dataDir, { recursive: true, force: true });
});

test('when the server restarts the page says so and is live again by itself', async () => {
  const page = await visit(browser, { language: 'en' });
  await signIn(page, program.url, program.password!);
  const state = (wanted: string) =>
    page.waitForSelector(`[data-test=connection][data-state=${wanted}]`, { timeout: 60_000 });
  await state('live');
  // a city without cases says what will happen, not just nothing
  expect(await page.textContent('.queue')).toContain('No open cases right now');

  await stop(program);
  await state('offline');
  expect(await page.textContent('[data-test=connection]')).toMatch(/Offline since \d\d:\d\d/);

  program = await start(['serve'], { dataDir, port });
  await state('live');
  expect(await page.locator('#password').count(), 'still signed in').toBe(0);
});
