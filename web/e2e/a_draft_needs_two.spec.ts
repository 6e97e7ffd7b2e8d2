import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launch, signIn, visit } from './browser';
import { here } from './here';

const url = here('url');
let browser: Browser;
beforeAll(async () => {
  browser = await launch();
});
afterAll(() => browser?.close());

const show = (page: Page, hash: string) =>
  page.evaluate((where) => {
    location.hash = where;
  }, hash);

test('an administrator edits the collection rules of a draft, and a second one approves it', async () => {
  const name = `采集规范修订 ${process.pid}`;
  const author = await visit(browser);
  await signIn(author, url, here('password'), { hash: '#/rules' });
  await author.click('[data-test=new-draft]');
  await author.fill('input[name=name]', name);
  await author.click('form.form button.primary');
  await author.locator('h1', { hasText: name }).waitFor();
  const id = Number(/rules\/(\d+)/.exec(author.url())![1]);

  await show(author, `#/rules/${id}/collection`);
  await author.fill('input[name=scope]', 'M06042');
  await author.click('form.form button');
  const row = author.locator('tr[data-scope=M06042]');
  await row.locator('input[type=number]').first().fill('3');
  const saved = author.waitForResponse((answer) => answer.request().method() === 'PUT');
  await author.click('[data-test=save-collection]');
  expect((await saved).status()).toBe(204);
  await author.reload();
  await row.waitFor();
  expect(await row.locator('input[type=number]').first().inputValue()).toBe('3');

  // not by oneself
  const approve = async (page: Page) => {
    await show(page, `#/rules/${id}/approval`);
    await page.fill('input[type=datetime-local]', '2035-01-01T00:00');
    await page.locator('form:has(input[type=datetime-local]) button.primary').click();
  };
  await approve(author);
  await author.locator('[role=alert]').first().waitFor();
  await author.context().close();

  const second = await visit(browser);
  const login = { login: 'admin2', hash: `#/rules/${id}/collection` };
  await signIn(second, url, here('staffPassword'), login);
  await second.locator('tr[data-scope=M06042]').waitFor();
  await approve(second);
  await second.locator('.tag.soon', { hasText: '待生效' }).waitFor();
  await show(second, `#/rules/${id}/collection`);
  await second.locator('tr[data-scope=M06042]', { hasText: '至少 3 张' }).waitFor();
  expect(await second.locator('[data-test=save-collection]').count()).toBe(0);
  await second.context().close();
});
