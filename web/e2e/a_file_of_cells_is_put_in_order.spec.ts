import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { barriers } from './barriers';
import { type Looks, launch, signIn, visit } from './browser';
import { here } from './here';

let browser: Browser;
beforeAll(async () => {
  browser = await launch();
});
afterAll(() => browser?.close());

const data = process.env.CITYWARD_DATA;
if (!data) console.log('CITYWARD_DATA is not set: no file of a real city is checked in the page');
const file = (name: string) => join(data ?? '', 'cells', `${name}.geojson`);

interface Read {
  features: { properties: Record<string, unknown>; geometry: { coordinates: unknown[] } }[];
}

async function downloaded(page: Page, button: string): Promise<Read> {
  const [download] = await Promise.all([page.waitForEvent('download'), page.click(button)]);
  return JSON.parse(await readFile(await download.path(), 'utf8')) as Read;
}

async function open(name: string, looks: Looks): Promise<Page> {
  const page = await visit(browser, looks);
  await signIn(page, here('url'), here('password'), { hash: '#/grid' });
  await page.setInputFiles('[data-test=file]', file(name));
  await page.waitForSelector('[data-test=kinds]');
  return page;
}

test.runIf(data)('the wards of Lucknow are checked, repaired, decided and taken home', async () => {
  const page = await open('Lucknow_Lucknow_ward_boundary', { language: 'en', theme: 'light' });
  expect(await page.textContent('[data-test=summary]')).toMatch(/^\d+ cells/);
  const report = await downloaded(page, '[data-test=save-report]');
  const told = await page.locator('[data-test=kinds] td[data-kind]').allTextContents();
  const count = told.reduce((sum, text) => sum + Number(text.replace(',', '')), 0);
  expect(report.features.length).toBe(count);

  await page.keyboard.press('j');
  await page.waitForSelector('[data-test=findings] [aria-current=true]');
  await page.fill('input[name=tolerance]', '5');
  await page.click('[data-test=repair]');
  await page.waitForSelector('[data-test=questions]');
  expect(await barriers(page)).toEqual([]);

  const questions = page.locator('[data-test=questions] li');
  expect(await questions.count(), 'this file has wide overlaps').toBeGreaterThan(0);
  await questions.first().locator('div button').first().click();
  await page.waitForSelector('[data-test=questions] .tag.good');
  const repaired = await downloaded(page, '[data-test=save-cells]');
  const rows = JSON.parse(await readFile(file('Lucknow_Lucknow_ward_boundary'), 'utf8')) as Read;
  expect(repaired.features.length).toBe(rows.features.length);
  const names = (of: Read) =>
    of.features.map(({ properties }) => properties['Ward Name']).toSorted();
  expect(names(repaired)).toEqual(names(rows));
  const decided = await downloaded(page, '[data-test=save-report]');
  expect(decided.features.some(({ properties }) => properties.decided === true)).toBe(true);
  await page.context().close();
});

test.runIf(data)('the wards of Chennai nest in its zones, and not in those of 2008', async () => {
  const page = await open('Chennai_Wards', { language: 'en', theme: 'dark' });
  const found = async (kind: string) =>
    (await page.locator(`[data-test=kinds] td[data-kind=${kind}]`).allTextContents()).map(Number);
  await page.setInputFiles('[data-test=level-file]', file('Chennai_Zones'));
  await page.waitForSelector('[data-test=nests]');
  expect(await page.textContent('[data-test=level]')).toContain('16 areas');
  expect(await found('across')).toEqual([]);

  await page.getByRole('button', { name: 'Check without it' }).click();
  await page.setInputFiles('[data-test=level-file]', file('Chennai_Wards-2008'));
  await page.waitForSelector('[data-test=kinds] td[data-kind=across]');
  expect((await found('unfollowed'))[0]).toBeGreaterThan(100);
  await page.getByRole('button', { name: 'Border above not followed' }).first().click();
  await page.keyboard.press('j');
  const chosen = page.locator('[data-test=findings] [aria-current=true]');
  expect(await chosen.textContent()).toMatch(/Border above not followed.*\(.+\)/s);
  expect(await barriers(page)).toEqual([]);
  const report = await downloaded(page, '[data-test=save-report]');
  const kinds = new Set(report.features.map(({ properties }) => properties.defect));
  expect(kinds.has('in several areas above')).toBe(true);
  await page.context().close();
});

test.runIf(data)('cells in GCJ-02 land on their place', async () => {
  const page = await visit(browser);
  await signIn(page, here('url'), here('password'), { hash: '#/grid' });
  await page.selectOption('[data-test=coordinates]', 'gcj02');
  await page.setInputFiles('[data-test=file]', file('taizhou_counties_gcj02'));
  await page.waitForSelector('[data-test=summary]');
  await page.click('[data-test=repair]');
  await page.waitForSelector('[data-test=save-cells]');
  const { features } = await downloaded(page, '[data-test=save-cells]');
  const first = features[0]!.geometry.coordinates.flat(2)[0] as [number, number];
  const given = JSON.parse(await readFile(file('taizhou_counties_gcj02'), 'utf8')) as Read;
  const before = given.features[0]!.geometry.coordinates.flat(2) as [number, number][];
  const shifts = before.map(([lon, lat]) => Math.hypot(lon - first[0], lat - first[1]));
  // five hundred metres or so to the west and to the north
  expect(Math.min(...shifts)).toBeGreaterThan(0.0005);
  await page.context().close();
});

test('a file that is none says so', async () => {
  const page = await visit(browser);
  await signIn(page, here('url'), here('password'), { hash: '#/grid' });
  const buffer = Buffer.from('name,lon,lat');
  await page.setInputFiles('[data-test=file]', { name: 'a.json', mimeType: 'text/csv', buffer });
  await page.locator('[role=alert]', { hasText: '不是 GeoJSON' }).waitFor();
  expect(await barriers(page)).toEqual([]);
  await page.context().close();
});
