import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launch, signIn, visit } from './browser';
import { here } from './here';

const url = here('url');
let browser: Browser;
beforeAll(async () => {
  browser = await launch();
});
afterAll(() => browser?.close());

test.each(['zh', 'en'] as const)(
  'a new person with a grant signs in and finds their desk, until the grant ends (%s)',
  async (language) => {
    const login = `e2e-${language}-${process.pid}`;
    const page = await visit(browser, { language });
    await signIn(page, url, here('password'), { hash: '#/admin/people' });
    await page.click('[data-test=new-person]');
    await page.fill('input[name=login]', login);
    await page.fill('input[name=name]', `测试员 ${language}`);
    await page.click('form button.primary');
    const password = await page.textContent('[data-test=secret]');
    await page.waitForSelector('[data-test=person]');
    await page.selectOption('[data-test=grant] select[name=role]', 'operator');
    await page.click('[data-test=grant] button');
    await page.waitForSelector('[data-test=person] tbody tr');

    const person = await visit(browser, { language });
    await signIn(person, url, password!, { login });
    await person.waitForSelector('nav a[href="#/operator"]');
    expect(await person.locator('nav a[href="#/admin"]').count()).toBe(0);
    await person.context().close();

    // The password was shown once: a reload does not have it.
    await page.reload();
    await page.waitForSelector('[data-test=person]');
    expect(await page.locator('[data-test=secret]').count()).toBe(0);
    const end = page.locator('[data-test=person] tbody button');
    await end.click();
    await end.click();
    await end.waitFor({ state: 'detached' });

    const later = await visit(browser, { language });
    await later.goto(url);
    await later.fill('#login', login);
    await later.fill('#password', password!);
    await later.click('button.primary');
    await later.getByText(language === 'zh' ? '你的账号还没有岗位' : 'no role').waitFor();
    expect(await later.locator('header nav a').count()).toBe(0);
    await later.context().close();
    await page.context().close();
  },
);

test('who is about to end a unit is told what it answers for', async () => {
  const page = await visit(browser);
  await signIn(page, url, here('password'), { hash: '#/admin/units' });
  const told = async (name: string): Promise<string | null> => {
    await page.fill('input[type=search].find', name);
    const row = page.locator('tbody tr', { hasText: name }).first();
    await row.getByRole('button', { name: '终止单位' }).click();
    const text = await page.locator('[data-test=holdings]').textContent();
    await row.getByRole('button', { name: '终止单位' }).click();
    return text;
  };
  expect(await told('园林绿化')).toMatch(
    /负责 [1-9]\d* 个网格、([1-9]\d* 条类别规则、)?[1-9]\d* 个部件/,
  );
  expect(await told('信息采集')).toContain('不负责任何网格和部件');
  await page.context().close();
});
