import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { barriers } from './barriers';
import { launch } from './browser';
import { Worker } from './work';

let browser: Browser;
beforeAll(async () => {
  browser = await launch();
});
afterAll(() => browser?.close());

/** A case told of at the operator's desk, somewhere on the map. */
async function register(operator: Worker, words: string, className: string): Promise<number> {
  const { page } = operator;
  await page.click('[data-test=register]');
  await page.fill('#r-class', className);
  await page.fill('#r-text', words);
  await page.waitForFunction(() => window.__smallMap?.loaded());
  const box = (await page.locator('[data-test=small-map]').boundingBox())!;
  await page.mouse.click(box.x + box.width * 0.5, box.y + box.height * 0.5);
  await page.click('[data-test=submit-register]:not(:disabled)');
  const told = page.locator('[data-test=registered]');
  await told.waitFor();
  return Number(await told.getAttribute('data-id'));
}

test.each(['dark', 'light'] as const)(
  'the centre’s desks have no serious barriers (%s)',
  async (theme) => {
    const language = theme === 'dark' ? 'zh' : 'en';
    const operator = await Worker.arrive(browser, 'operator', { theme, language });
    const { page } = operator;
    await page.click('[data-test=register]');
    await page.waitForSelector('[data-test=register-form]');
    expect(await barriers(page)).toEqual([]);
    const name = language === 'zh' ? '污水井盖异常' : 'Sewage manhole cover - abnormal';
    const caseId = await register(operator, 'e2e', name);
    await operator.open('operator', caseId);
    await page.click('[data-action=file]');
    await page.waitForSelector('[data-test=action-form] input[type=radio]');
    expect(await barriers(page)).toEqual([]);
    await page.evaluate((id) => {
      location.hash = `#/case/${id}`;
    }, caseId);
    await page.waitForSelector('[data-test=history] li');
    expect(await barriers(page)).toEqual([]);
    await operator.leave();

    const chief = await Worker.arrive(browser, 'dutychief', { theme, language });
    await chief.page.evaluate(() => {
      location.hash = '#/chief';
    });
    await chief.page.waitForSelector('[data-tray=approvals]');
    await chief.page.click('[data-test=bell]');
    expect(await barriers(chief.page)).toEqual([]);
    await chief.leave();
  },
);

test('who fills in a form learns that somebody else was faster, by name', async () => {
  const operator = await Worker.arrive(browser, 'operator');
  const caseId = await register(operator, '两个人同时办理', '污水井盖异常');
  await operator.open('operator', caseId);
  await operator.page.click('[data-action=reject]');
  await operator.page.fill('#f-reject-reason', '不在管理范围');

  const chief = await Worker.arrive(browser, 'dutychief');
  await chief.open('chief', caseId);
  await chief.page.click('[data-action=file]');
  await chief.page.check('input[name="f-file-condition_id"] >> nth=0');
  await chief.page.click('[data-test=submit]');
  await chief.sees('filed');

  const told = operator.page.locator('[data-test=trouble]');
  await told.waitFor();
  await operator.page.waitForFunction(() =>
    document.querySelector('[data-test=trouble]')?.textContent?.includes('值班长'),
  );
  expect(await told.textContent()).toContain('立案');
  await operator.sees('filed');

  // taken back, the case is where it was, and so is what had been typed
  await chief.page.click('[data-test=undo]');
  await chief.sees('reported');
  await operator.sees('reported');
  await operator.page.click('[data-action=reject]');
  expect(await operator.page.inputValue('#f-reject-reason')).toBe('不在管理范围');
  await chief.leave();
  await operator.leave();
});
