import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launch } from './browser';
import { Worker } from './work';

let browser: Browser;
beforeAll(async () => {
  browser = await launch();
});
afterAll(() => browser?.close());

test('a unit’s manager has the unit’s own system told of chosen steps', async () => {
  const manager = await Worker.arrive(browser, 'unit-3');
  const { page } = manager;
  await page.click('[data-test=webhooks]');
  await page.fill('input[type=url]', 'https://unit.example/hook');
  await page.check('[data-test=some-events]');
  await page.uncheck('input[name=approve]');
  await page.check('input[name=deliver]');
  await page.click('form.form button.primary');
  await page.waitForSelector('[data-test=secret]');
  const events = await page.textContent('[data-test=hook-events]');
  expect(events).toContain('派遣');
  expect(events).toContain('通知送达');
  expect(events).not.toContain('准予结案');
  await manager.leave();

  // another unit's are not theirs
  const other = await Worker.arrive(browser, 'unit-4');
  await other.page.click('[data-test=webhooks]');
  await other.page.getByText('还没有推送').waitFor();
  await other.leave();

  const worker = await Worker.arrive(browser, 'worker-6');
  await worker.page.waitForSelector('[data-test=orders]');
  expect(await worker.page.locator('[data-test=webhooks]').count()).toBe(0);
  await worker.leave();
});
