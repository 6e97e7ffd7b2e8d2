import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { asked } from './ask';
import { launch, mapIsDrawn, signIn, visit } from './browser';
import { here } from './here';

let browser: Browser;
beforeAll(async () => {
  browser = await launch();
});
afterAll(() => browser?.close());

test('a wrong password is refused in words, in the language of the page', async () => {
  for (const [language, words] of [
    ['zh', '账号或密码不对。'],
    ['en', 'Wrong login or password.'],
  ] as const) {
    const page = await visit(browser, { language });
    await page.goto(here('url'));
    await page.fill('#password', 'not the password');
    await page.click('button.primary');
    expect(await page.textContent('[role=alert]')).toBe(words);
    await page.context().close();
  }
});

test('the right password opens the live map, a reload keeps it, signing out closes it', async () => {
  const page = await visit(browser);
  await signIn(page, here('url'), here('password'));
  await page.waitForSelector('[data-test=connection][data-state=live]');
  await page.reload();
  await page.waitForSelector('[data-test=connection][data-state=live]');
  await page.click('[aria-label="退出登录"]');
  await page.waitForSelector('#password');
  await page.reload();
  await page.waitForSelector('#password');
  await page.context().close();
});

test('whoever signs in next sees nothing of the one before', async () => {
  const operator = { login: 'operator', password: here('staffPassword') };
  const [lon, lat, text, attachments] = [119.9172, 32.4508, '路边暴露垃圾', []];
  const report = { class: 'M06010', lon, lat, source: 'hotline', text, attachments };
  await asked(here('url'), operator, (ask) => ask('/api/v1/cases', 'POST', report));
  const page = await visit(browser, { language: 'en' });
  await signIn(page, here('url'), here('password'), { hash: '#/map' });
  await page.waitForSelector('[role=option][data-case]');
  await page.click('[aria-label="Sign out"]');
  await page.waitForSelector('#password');
  let answer = () => {};
  const held = new Promise<void>((resolve) => {
    answer = resolve;
  });
  await page.route('**/api/v1/live/snapshot', async (route) => {
    await held;
    await route.continue();
  });
  await page.fill('#login', 'dispatcher');
  await page.fill('#password', here('staffPassword'));
  await page.click('button.primary');
  await page.waitForSelector('header nav');
  await page.waitForFunction(() => window.__cityward?.map.loaded());
  expect(await page.locator('[role=option][data-case]').count()).toBe(0);
  answer();
  await page.waitForSelector('[role=option][data-case]');
  await page.context().close();
});

test('a camera that is to be shown is what the map begins with', async () => {
  const page = await visit(browser, { language: 'en', moving: true });
  await signIn(page, here('url'), here('password'), { hash: '#/cameras' });
  await page.locator('main li button', { hasText: 'Show on the map' }).first().click();
  await mapIsDrawn(page);
  expect(await page.evaluate(() => window.__cityward.map.getZoom())).toBeGreaterThanOrEqual(17);
  // it is asked for once: the map that begins anew looks where it was left
  await page.evaluate(() => window.__cityward.map.jumpTo({ zoom: 13 }));
  await page.evaluate(() => (location.hash = '#/cameras'));
  await page.locator('main li button', { hasText: 'Show on the map' }).first().waitFor();
  await page.goBack();
  await mapIsDrawn(page);
  expect(await page.evaluate(() => window.__cityward.map.getZoom())).toBeCloseTo(13, 1);
  await page.context().close();
});
