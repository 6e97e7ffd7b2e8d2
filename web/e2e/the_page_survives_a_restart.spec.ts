import { execFileSync } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
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
let password: string;

beforeAll(async () => {
  browser = await launch();
  dataDir = await mkdtemp(join(tmpdir(), 'cityward-restart-'));
  port = await freePort();
  program = await start(['serve'], { dataDir, port });
  password = program.password!;
});
afterAll(async () => {
  await browser?.close();
  if (program) await stop(program);
  await rm(dataDir, { recursive: true, force: true });
});

test('when the server restarts the page says so and is live again by itself', async () => {
  const page = await visit(browser, { language: 'en' });
  await signIn(page, program.url, password);
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

test('while the database does not answer the page says how old its map is', async () => {
  const page = await visit(browser, { language: 'en' });
  await signIn(page, program.url, password);
  await page.waitForSelector('[data-test=connection][data-state=live]');
  await page.waitForFunction(() => window.__cityward !== undefined);
  const [server] = (await readFile(join(dataDir, 'pg/postmaster.pid'), 'utf8')).split('\n');
  const signal = (name: string) => {
    execFileSync('kill', [`-${name}`, server!]);
    execFileSync('pkill', [`-${name}`, '-P', server!]);
  };
  const notice = page.locator('.notice', { hasText: 'have not come from the database yet' });
  // some of the base map does not come, as it will not without a database
  await page.route('**/tiles/basemap/**', (route) => route.abort());
  await page.evaluate(() => window.__cityward.map.jumpTo({ center: [118.8, 32.06], zoom: 14 }));
  await page.locator('.notice', { hasText: 'The base map is unavailable' }).waitFor();
  expect(await notice.count()).toBe(0);
  signal('STOP');
  try {
    await notice.waitFor({ timeout: 60_000 });
    expect(await notice.textContent()).toMatch(/what was there \d+ s ago/);
    const state = await page.getAttribute('[data-test=connection]', 'data-state');
    expect(state, 'the service itself is there').toBe('live');
  } finally {
    signal('CONT');
  }
  await notice.waitFor({ state: 'detached', timeout: 60_000 });
});
