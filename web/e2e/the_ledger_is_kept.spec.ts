import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launch } from './browser';
import { Worker } from './work';

let browser: Browser;
beforeAll(async () => {
  browser = await launch();
});
afterAll(() => browser?.close());

const yuan = async (worker: Worker, name: string): Promise<number> => {
  const text = await worker.page.textContent(`[data-test=ledger] [data-test=${name}]`);
  return Number.parseFloat(text!.replaceAll(',', ''));
};

test('a leader gives the year its budget, and the balance and the entries say so', async () => {
  const leader = await Worker.arrive(browser, 'leader');
  const { page } = leader;
  await page.evaluate(() => {
    location.hash = '#/quick?tab=ledger';
  });
  await page.waitForSelector('[data-test=ledger]');
  const before = await yuan(leader, 'balance');

  const booking = page.locator('[data-booking="调整预算"]');
  await booking.locator('summary').click();
  await booking.locator('input[name=amount]').fill('12500.50');
  await booking.locator('input[name=reason]').fill('年度预算追加');
  await booking.locator('form button').click();
  const entry = page.locator('tbody tr', { hasText: '年度预算追加' });
  await entry.waitFor();
  expect(await entry.textContent()).toContain('12,500.50');
  expect(await yuan(leader, 'balance')).toBeCloseTo(before + 12500.5, 2);

  // cut again: a minus sign, and a reason
  await booking.locator('input[name=amount]').fill('-500.50');
  await booking.locator('input[name=reason]').fill('预算削减');
  await booking.locator('form button').click();
  await page.locator('tbody tr', { hasText: '预算削减' }).waitFor();
  expect(await yuan(leader, 'balance')).toBeCloseTo(before + 12000, 2);
  await leader.leave();

  // who may not change the budget sees it, and no form for it
  const dispatcher = await Worker.arrive(browser, 'dispatcher');
  await dispatcher.page.evaluate(() => {
    location.hash = '#/quick?tab=ledger';
  });
  await dispatcher.page.locator('tbody tr', { hasText: '年度预算追加' }).waitFor();
  expect(await dispatcher.page.locator('[data-booking="调整预算"]').count()).toBe(0);
  await dispatcher.leave();
});
