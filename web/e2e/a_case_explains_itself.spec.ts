import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launch, mapIsDrawn, signIn, visit } from './browser';
import { here } from './here';
import { type Incident, incidents, Street } from './street';

let browser: Browser;
let street: Street;
let page: Page;
const caseIds: number[] = [];

/** A thing that was seen two minutes ago, and again now: a case with two pictures. */
async function file(cameraId: string, { jpeg }: Incident): Promise<number> {
  const began = Date.now() - 120_000;
  for (let frame = 0; frame < 8; frame += 1) {
    const at = new Date(began + frame * 1000);
    const { detections } = await street.push(cameraId, jpeg, true, at);
    const caseId = detections.find(({ case_id }) => case_id !== null)?.case_id;
    if (!caseId) continue;
    await street.push(cameraId, jpeg, true);
    return caseId;
  }
  throw new Error('eight frames made no case');
}

beforeAll(async () => {
  browser = await launch();
  street = await Street.open(here('url'), here('password'));
  await street.camera('E2E-SCOUT-2', { lon: 119.92, lat: 32.45 });
  const [first, second] = await incidents(street, here('frames'), 'E2E-SCOUT-2', 2);
  for (const [i, incident] of [first!, second!].entries()) {
    const cameraId = `E2E-WHY-${i}`;
    await street.camera(cameraId, { lon: 119.915 + 0.004 * i, lat: 32.446 }, incident.image);
    caseIds.push(await file(cameraId, incident));
  }
  page = await visit(browser);
  await signIn(page, here('url'), here('password'));
  await mapIsDrawn(page);
});
afterAll(() => browser?.close());

test('a case shows its picture with the box on what was seen, and why it is whose', async () => {
  await page.click(`[data-case="${caseIds[0]}"]`);
  await page.waitForSelector('[data-test=because] li');
  await page.waitForFunction(() => {
    const image = document.querySelector<HTMLImageElement>('[data-test=evidence]');
    return image?.complete && image.naturalWidth > 0;
  });
  const { evidence } = await street.ask<{
    evidence: { box: { left: number; top: number; right: number; bottom: number } }[];
  }>(`/api/v1/cases/${caseIds[0]}`);
  const { box } = evidence.at(-1)!;
  const drawn = await page.evaluate(() => {
    const image = document.querySelector<HTMLImageElement>('[data-test=evidence]')!;
    const { left, top, width } = image.getBoundingClientRect();
    const boxed = document.querySelector('[data-test=box]')!.getBoundingClientRect();
    const scale = image.naturalWidth / width;
    return { left: (boxed.left - left) * scale, bottom: (boxed.bottom - top) * scale };
  });
  expect(Math.abs(drawn.left - box.left)).toBeLessThan(4);
  expect(Math.abs(drawn.bottom - box.bottom)).toBeLessThan(4);
  const because = await page.textContent('[data-test=because]');
  expect(because).toMatch(/单元网格|部件/);
  expect(because).toMatch(/依据责任划分第 \d+ 版/);
});

test('the same sentence is there in English', async () => {
  await page.click('[data-test=language]');
  expect(await page.textContent('[data-test=because]')).toMatch(/Edition \d+ of the responsibilit/);
  expect(await page.getAttribute('html', 'lang')).toBe('en');
  await page.click('[data-test=language]');
});

test('the error ellipse of the case is on the map', async () => {
  const size = await page.evaluate(() =>
    window.__cityward.map.querySourceFeatures('ellipse').map(({ geometry }) => geometry.type),
  );
  expect(size).toContain('Polygon');
});

test('the keyboard walks through the queue, the pictures and back', async () => {
  const selected = () => page.getAttribute('[role=option][aria-selected=true]', 'data-case');
  const press = (key: string) => page.keyboard.press(key);
  await press('Escape');
  await page.waitForFunction(() => !document.querySelector('[data-test=case]'));
  await press('j');
  const first = await selected();
  await press('j');
  const second = await selected();
  expect(second).not.toBe(first);
  await press('k');
  expect(await selected()).toBe(first);
  expect(new URL(page.url()).hash).toContain(`case=${first}`);

  await page.waitForSelector('[data-test=evidence-of]');
  const before = await page.textContent('[data-test=evidence-of]');
  await press('ArrowLeft');
  expect(await page.textContent('[data-test=evidence-of]')).not.toBe(before);
  await press('c');
  await page.waitForSelector('[data-test=now]');
  await press('Escape');
  await page.waitForSelector('[data-test=evidence]');

  await press('/');
  expect(await page.evaluate(() => document.activeElement?.id)).toBe('search');
  await page.keyboard.type(`#${second}`);
  await page.waitForFunction(() => document.querySelectorAll('[role=option]').length === 1);
  await press('Escape');
  await press('?');
  await page.waitForSelector('dialog[open]');
  await press('Escape');
  await page.waitForSelector('dialog[open]', { state: 'hidden' });
});

test('the address is the situation: another browser tab shows the same', async () => {
  const other = await page.context().newPage();
  await other.goto(page.url());
  await other.waitForSelector('[data-test=connection][data-state=live]');
  await other.waitForFunction(() => document.querySelectorAll('[role=option]').length === 1);
  const selected = '[data-test=case]';
  expect(await other.getAttribute(selected, 'data-open')).toBe(
    await page.getAttribute(selected, 'data-open'),
  );
  await other.close();
});
