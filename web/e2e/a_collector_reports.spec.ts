import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launch } from './browser';
import { caseRow, pictures, Worker } from './work';

let browser: Browser;
beforeAll(async () => {
  browser = await launch();
});
afterAll(() => browser?.close());

test('a collector reports from the street with a phone, and the operator has the case', async () => {
  const phoneAt = { lon: 119.9265, lat: 32.4535 };
  const collector = await Worker.arrive(browser, 'collector', { phoneAt });
  const { page } = collector;
  await page.evaluate(() => {
    location.hash = '#/field?tab=report';
  });
  await page.waitForSelector('[data-test=report]');
  // what is missing is said, and nothing is sent
  await page.click('[data-test=submit]');
  await page.locator('[data-test=report] [role=alert]').waitFor();

  await page.setInputFiles('#report-photos', await pictures(2));
  await page.waitForFunction(
    () => document.querySelectorAll('[data-test=report] li img').length === 2,
  );
  await page.fill('[data-test=report] [role=combobox]', '暴露垃圾');
  await page.locator('[data-test=report] [role=option]').first().click();
  await page.click('[data-test=report] .part .big');
  await page.getByText('32.453500, 119.926500').waitFor();
  await page.fill('textarea[name=text]', '人行道上成堆的垃圾');
  await page.fill('input[name=place]', '公交站台旁');
  await page.click('[data-test=submit]');
  const done = page.locator('[data-test=reported]');
  await done.or(page.locator('[data-test=report] [role=alert]')).first().waitFor();
  const caseId = Number(/#(\d+)/.exec((await done.textContent())!)![1]);
  const row = await caseRow(caseId);
  expect(row.lon).toBeCloseTo(phoneAt.lon, 5);
  expect(row.lat).toBeCloseTo(phoneAt.lat, 5);
  await collector.leave();

  const operator = await Worker.arrive(browser, 'operator');
  await operator.open('operator', caseId);
  await operator.page.getByText('人行道上成堆的垃圾').first().waitFor();
  await operator.sees('reported');
  await operator.leave();
});
