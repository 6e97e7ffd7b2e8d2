import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launch, mapIsDrawn, signIn, visit } from './browser';
import { here } from './here';
import { type Incident, incidents, Street } from './street';

/** One per test, far enough from each other that no case joins another's. */
const PLACES = [
  { lon: 119.9185, lat: 32.4485 },
  { lon: 119.9215, lat: 32.4515 },
  { lon: 119.9245, lat: 32.4545 },
];
const GOAL_MS = 1000;
/** No class asks for more frames than this before a case is filed. */
const FRAMES_MAX = 6;

let browser: Browser;
let street: Street;
let found: Incident[];
beforeAll(async () => {
  browser = await launch();
  street = await Street.open(here('url'), here('password'));
  await street.camera('E2E-SCOUT', { lon: 119.92, lat: 32.45 });
  found = await incidents(street, here('frames'), 'E2E-SCOUT', PLACES.length);
});
afterAll(() => browser?.close());

/** Notes when each case's row is in the document, on the clock that this test reads too. */
async function watchRows(page: Page): Promise<void> {
  await page.evaluate(() => {
    window.appeared = {};
    const note = () => {
      for (const row of document.querySelectorAll<HTMLElement>('[role=option][data-case]')) {
        window.appeared[row.dataset.case ?? ''] ??= Date.now();
      }
    };
    note();
    new MutationObserver(note).observe(document.body, { childList: true, subtree: true });
  });
}

/** Pushes an incident to a new camera until a row appears: which one, and how long after the 202. */
async function seeAppear(page: Page, nth: number): Promise<{ caseId: string; afterMs: number }> {
  const { jpeg, image } = found[nth]!;
  const cameraId = `E2E-NEW-${nth}`;
  await street.camera(cameraId, PLACES[nth]!, image);
  await watchRows(page);
  for (let frame = 0; frame < FRAMES_MAX; frame += 1) {
    const known = await page.evaluate(() => Object.keys(window.appeared));
    await street.push(cameraId, jpeg, false);
    const acceptedAt = Date.now();
    const appeared = page.waitForFunction(
      (before) => Object.entries(window.appeared).find(([id]) => !before.includes(id)),
      known,
      { timeout: 2 * GOAL_MS },
    );
    const entry = await appeared.then(
      (row) => row.jsonValue(),
      () => undefined,
    );
    if (entry) return { caseId: entry[0], afterMs: entry[1] - acceptedAt };
  }
  throw new Error(`${FRAMES_MAX} frames made no case`);
}

test.each(['zh', 'en'] as const)(
  'a new case appears without reload within a second of its frame (%s)',
  async (language) => {
    const page = await visit(browser, { language });
    await signIn(page, here('url'), here('password'));
    await mapIsDrawn(page);
    const nth = language === 'zh' ? 0 : 1;
    const { caseId, afterMs } = await seeAppear(page, nth);
    console.log(`${language}: ${afterMs} ms from the 202 to the row`);
    expect(afterMs).toBeLessThan(GOAL_MS);

    const { classes } = await street.ask<{
      classes: { code: string; name_zh: string; name_en: string }[];
    }>('/api/v1/catalogue');
    const named = classes.find(({ code }) => code === found[nth]!.class)!;
    const row = await page.textContent(`[data-case="${caseId}"]`);
    expect(row).toContain(language === 'zh' ? named.name_zh : named.name_en);
    await page.waitForFunction(
      (id) =>
        window.__cityward.map
          .querySourceFeatures('cases')
          .some((feature) => String(feature.id) === id),
      caseId,
    );
    await page.context().close();
  },
);

test('what is being read does not move when a new case arrives', async () => {
  const page = await visit(browser, { language: 'en' });
  await signIn(page, here('url'), here('password'));
  await mapIsDrawn(page);
  const read = page.locator('[role=option]').first();
  const id = await read.getAttribute('data-case');
  await read.hover();
  const top = () => page.locator(`[data-case="${id}"]`).boundingBox();
  const before = await top();
  const view = new URL(page.url()).hash;
  await seeAppear(page, 2);
  expect(await top()).toEqual(before);
  expect(await page.textContent('[data-test=new-above]')).toBe('1 new ↑');
  expect(new URL(page.url()).hash, 'the map stays where it was').toBe(view);
  await page.context().close();
});
