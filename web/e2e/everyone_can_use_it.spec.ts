import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { barriers } from './barriers';
import { launch, mapIsDrawn, signIn, visit } from './browser';
import { here } from './here';

let browser: Browser;
beforeAll(async () => {
  browser = await launch();
});
afterAll(() => browser?.close());

test.each(['dark', 'light'] as const)('no page has serious barriers (%s)', async (theme) => {
  const page = await visit(browser, { theme });
  await page.goto(here('url'));
  await page.waitForSelector('#password');
  expect(await barriers(page)).toEqual([]);

  await signIn(page, here('url'), here('password'));
  await mapIsDrawn(page);
  expect(await barriers(page)).toEqual([]);
  if ((await page.locator('[role=option]').count()) > 0) {
    await page.keyboard.press('j');
    await page.waitForSelector('[data-test=because] li');
    expect(await barriers(page)).toEqual([]);
  }
  for (const name of ['cameras', 'platforms']) {
    await page.click(`nav a[href="#/${name}"]`);
    await page.waitForSelector('main h1');
    expect(await barriers(page)).toEqual([]);
  }
  await page.context().close();
});
