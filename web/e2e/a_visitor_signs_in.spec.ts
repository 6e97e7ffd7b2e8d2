import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launch, signIn, visit } from './browser';
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
