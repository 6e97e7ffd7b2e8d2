import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launch } from './browser';
import { Worker } from './work';

let browser: Browser;
beforeAll(async () => {
  browser = await launch();
});
afterAll(() => browser?.close());

const show = (worker: Worker, hash: string) =>
  worker.page.evaluate((where) => {
    location.hash = where;
  }, hash);

test('an order goes to several units, and each receipt is counted', async () => {
  const title = `入冬前井盖排查 ${process.pid}`;
  const dispatcher = await Worker.arrive(browser, 'dispatcher');
  const { page } = dispatcher;
  await show(dispatcher, '#/orders');
  await page.click('[data-test=new-order]');
  await page.fill('[data-test=order-form] input[name=title]', title);
  await page.fill(
    '[data-test=order-form] textarea[name=text]',
    '逐个检查辖区井盖，反馈数量与问题。',
  );
  const inAMonth = new Date(Date.now() + 30 * 86_400_000).toISOString().slice(0, 10);
  await page.fill('[data-test=order-form] input[name=due]', `${inAMonth}T18:00`);
  const units = page.locator('[data-test=order-form] input[type=checkbox]');
  await units.nth(0).check();
  await units.nth(1).check();
  const name = (await page.locator('[data-test=order-form] li label').nth(0).textContent())!.trim();
  await page.click('[data-test=order-form] button.primary');
  const order = page.locator('article', { hasText: title });
  await order.waitFor();
  expect(await order.locator('[data-test=receipts]').textContent()).toContain('0/2');

  // the unit is told, opens it and answers
  const unitId = await unitOf(name);
  const unit = await Worker.arrive(browser, unitId);
  await show(unit, '#/unit?tab=orders');
  const theirs = unit.page.locator('article', { hasText: title });
  await theirs.locator('button.head').click();
  await theirs.locator('textarea').fill('检查 126 个，更换 3 个。');
  await theirs.locator('form button.primary').click();
  await theirs.getByText('检查 126 个').waitFor();
  await unit.leave();

  await page.reload();
  await order.waitFor();
  expect(await order.locator('[data-test=receipts]').textContent()).toContain('1/2');
  await order.locator('button.head').click();
  await order.getByText('检查 126 个，更换 3 个。').waitFor();
  await dispatcher.leave();
});

/** Whoever manages the unit with a name. */
async function unitOf(name: string): Promise<string> {
  for (let number = 1; number <= 12; number++) {
    const worker = await Worker.arrive(browser, `unit-${number}`);
    const unit = await worker.page.evaluate(async () => {
      const answer = await fetch('/api/v1/session');
      const { person } = await answer.json();
      return person.grants[0].unit.name_zh as string;
    });
    await worker.leave();
    if (unit === name) return `unit-${number}`;
  }
  throw new Error(`nobody manages ${name}`);
}
