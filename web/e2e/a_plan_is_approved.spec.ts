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

async function arrive(login: string, hash: string, looks: Looks = {}): Promise<Page> {
  const page = await visit(browser, looks);
  await signIn(page, here('url'), here('staffPassword'), { login, hash });
  return page;
}

const state = (page: Page, text: string) =>
  page.locator('[data-test=plan-state]', { hasText: text }).waitFor();

async function steps(page: Page, done: number, undone: number): Promise<void> {
  await page.waitForFunction(
    ([inEffect, taken]) => {
      const rows = [...document.querySelectorAll('[data-test=history] li button')];
      const back = rows.filter((row) => row.classList.contains('undone')).length;
      return rows.length - 1 === inEffect! + taken! && back === taken;
    },
    [done, undone],
  );
}

test('a planner gives cells to another unit, and a leader who sees what follows approves', async () => {
  const planner = await arrive('planner', '#/grid/plans');
  await planner.click('[data-test=new-plan]');
  await planner.fill('input[name=title]', '冬季调整');
  await planner.fill('textarea[name=reason]', '环卫二队接手');
  await planner.click('form.card button.primary');
  await planner.waitForSelector('[data-tool=select]');
  await planner.waitForFunction(() => window.__gridMap?.loaded());
  const address = new URL(planner.url()).hash;

  // the cell in the middle, by keyboard
  await planner.locator('.maplibregl-canvas').focus();
  await planner.keyboard.press('Enter');
  await planner.waitForSelector('[data-test=give]:not(:disabled)');
  await planner.keyboard.press('i');
  await planner.keyboard.press('Enter');
  await planner.waitForFunction(
    () => document.querySelector<HTMLSelectElement>('[data-test=owner]')!.selectedIndex > 0,
  );
  const owner = planner.locator('[data-test=owner]');
  const taken = await owner.evaluate((select: HTMLSelectElement) => select.selectedIndex);
  await owner.selectOption({ index: taken === 1 ? 2 : 1 });
  await planner.click('[data-test=give]');
  await steps(planner, 1, 0);
  await planner.click('[data-test=undo]');
  await steps(planner, 0, 1);
  expect(await barriers(planner)).toEqual([]);

  // what was done before the page was read anew can be taken up again all the same
  await planner.reload();
  await steps(planner, 0, 1);
  await planner.click('[data-test=redo]');
  await steps(planner, 1, 0);
  await planner.click('[data-test=validate]');
  await planner.waitForSelector('details[open] summary');
  await planner.click('[data-test=submit]');
  await state(planner, '待审批');
  expect(await planner.locator('[data-test=approve]').isDisabled()).toBe(true);
  await planner.context().close();

  const leader = await arrive('leader', `${address}/impact`, { language: 'en', theme: 'light' });
  await leader.waitForSelector('[data-test=loads] tbody tr');
  expect(await barriers(leader)).toEqual([]);
  await leader.evaluate((hash) => {
    location.hash = hash;
  }, address);
  await leader.click('[data-test=approve]');
  await leader.click('[data-test=confirm]');
  await state(leader, 'in force');
  await leader.evaluate(() => {
    location.hash = '#/grid/editions';
  });
  await leader.waitForSelector('[data-test=timeline]');
  await leader.locator('strong', { hasText: 'Edition' }).waitFor();
  await leader.context().close();
});
