import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { barriers } from './barriers';
import { launch, signIn, visit } from './browser';
import { here } from './here';
import { Worker } from './work';

const url = here('url');
let browser: Browser;
beforeAll(async () => {
  browser = await launch();
});
afterAll(() => browser?.close());

const DESKS: [string, string[]][] = [
  ['unit-1', ['#/unit', '#/unit?tab=waiting', '#/unit?tab=orders', '#/unit?tab=webhooks']],
  ['collector', ['#/field', '#/field?tab=report']],
  ['district', ['#/district', '#/district?tab=own']],
  ['committee', ['#/committee', '#/committee?tab=city']],
  ['dutychief', ['#/quick', '#/quick?tab=ledger', '#/quick?tab=crews', '#/orders', '#/outcomes']],
  ['auditor', ['#/audit', '#/exports']],
  [
    'admin',
    [
      '#/admin/people',
      '#/admin/units',
      '#/admin/webhooks',
      '#/admin/viid',
      '#/rules',
      '#/rules/1/conditions',
      '#/rules/1/calendar',
      '#/rules/1/limits',
      '#/rules/1/policy',
      '#/rules/1/collection',
      '#/rules/1/routes',
      '#/rules/1/approval',
      '#/rules/tester',
      '#/rules/gaps',
    ],
  ],
];

test.each(DESKS)(
  'the desks of %s have no serious barrier and ask nothing in vain',
  async (login, desks) => {
    for (const theme of ['dark', 'light'] as const) {
      const language = theme === 'dark' ? 'zh' : 'en';
      const page = await visit(browser, { theme, language });
      const password = here(login === 'admin' ? 'password' : 'staffPassword');
      await signIn(page, url, password, { login, hash: desks[0]! });
      const failed: string[] = [];
      page.on('response', (answer) => {
        if (answer.status() >= 400) failed.push(`${answer.status()} ${answer.url()}`);
      });
      page.on('pageerror', (error) => failed.push(error.message));
      for (const desk of desks) {
        await page.evaluate((hash) => {
          location.hash = hash;
        }, desk);
        await page.waitForLoadState('networkidle', { timeout: 3000 }).catch(() => {});
        expect(await barriers(page), desk).toEqual([]);
        expect(await page.locator('[role=alert]').count(), desk).toBe(0);
      }
      expect(failed).toEqual([]);
      await page.context().close();
    }
  },
);

test('a unit works on a phone: nothing is wider than the screen, buttons are large', async () => {
  const worker = await Worker.arrive(browser, 'unit-1', { phoneAt: { lon: 119.92, lat: 32.45 } });
  const { page } = worker;
  await page.waitForSelector('.trays button');
  const wider = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
  expect(wider).toBeLessThanOrEqual(0);
  const heights = await page
    .locator('.trays button')
    .evaluateAll((buttons) => buttons.map((button) => button.getBoundingClientRect().height));
  expect(Math.min(...heights)).toBeGreaterThanOrEqual(40);
  await worker.leave();
});
