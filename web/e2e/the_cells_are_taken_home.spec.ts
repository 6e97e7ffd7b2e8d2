import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { asked } from './ask';
import { barriers } from './barriers';
import { launch, signIn, visit } from './browser';
import { here } from './here';

let browser: Browser;
let folder: string;
beforeAll(async () => {
  browser = await launch();
  folder = await mkdtemp(join(tmpdir(), 'cityward-cells-'));
});
afterAll(async () => {
  await browser?.close();
  await rm(folder, { recursive: true, force: true });
});

/** Takes a file out of the menu; where it lies. */
async function taken(page: Page, name: string, ending: string): Promise<string> {
  const link = page.locator('[data-test=export] a', { hasText: name });
  const [download] = await Promise.all([page.waitForEvent('download'), link.click()]);
  expect(download.suggestedFilename()).toMatch(new RegExp(`^cells-.*\\.${ending}$`));
  const path = join(folder, `cells.${ending}`);
  await download.saveAs(path);
  return path;
}

/** How many features GDAL counts in a file. */
async function countedByGdal(path: string): Promise<number> {
  const { stdout } = await promisify(execFile)('ogrinfo', ['-so', '-al', path]);
  return Number(/Feature Count: (\d+)/.exec(stdout)?.[1]);
}

interface Cell {
  properties: Record<string, unknown>;
  geometry: { type: string };
}

test('the export menu gives every cell, as a GeoPackage and as GeoJSON', async () => {
  const who = { login: 'planner', password: here('staffPassword') };
  const head = await asked(here('url'), who, (ask) =>
    ask<{ faces: { code: string }[] }>('/api/v1/partition'),
  );
  const codes = head.faces.map(({ code }) => code).toSorted();
  expect(codes.length).toBeGreaterThan(10);

  const page = await visit(browser, { language: 'en', theme: 'light' });
  await signIn(page, here('url'), who.password, { login: who.login, hash: '#/grid/editions' });
  await page.waitForFunction(() => window.__gridMap?.loaded());
  // by keyboard, as a menu is opened
  await page.locator('[data-test=export] summary').press('Enter');
  await page.waitForSelector('[data-test=export][open]');
  expect(await barriers(page)).toEqual([]);

  const geopackage = await taken(page, 'GeoPackage', 'gpkg');
  expect((await readFile(geopackage)).subarray(0, 15).toString()).toBe('SQLite format 3');
  expect(await countedByGdal(geopackage)).toBe(codes.length);

  const text = await readFile(await taken(page, 'GeoJSON', 'geojson'), 'utf8');
  const { features } = JSON.parse(text) as { features: Cell[] };
  expect(features.map(({ properties }) => properties.code).toSorted()).toEqual(codes);
  expect(new Set(features.map(({ geometry }) => geometry.type))).toEqual(new Set(['MultiPolygon']));
  await page.context().close();
});
