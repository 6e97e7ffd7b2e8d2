import { readFile } from 'node:fs/promises';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { barriers } from './barriers';
import { launch, signIn, visit } from './browser';
import { click, drawn, stepped } from './grid_map';
import { here } from './here';

let browser: Browser;
beforeAll(async () => {
  browser = await launch();
});
afterAll(() => browser?.close());

const text = (page: Page, selector: string) => page.locator(selector).first().textContent();
/** Words of another language; the demo city's people have names in both. */
const english = (said: string | null) => said?.replace('Planner', '').match(/[A-Za-z]{3,}/g) ?? [];

/** A plan with a cell made of two communities' ground and a small one. */
async function drawnWrong(page: Page): Promise<string> {
  await page.click('[data-test=new-plan]');
  await page.fill('input[name=title]', '有错的方案');
  await page.fill('textarea[name=reason]', '看说什么');
  await page.click('form.card button.primary');
  await page.waitForSelector('[data-tool=select]');
  await page.evaluate(() => window.__gridMap.jumpTo({ center: [119.918, 32.4513], zoom: 17 }));
  await drawn(page);
  await click(page, [119.9172, 32.4508]);
  await click(page, [119.9177, 32.4512], true);
  await page.waitForFunction(() => !document.querySelector('[data-tool=merge] small'));
  await page.keyboard.press('m');
  await stepped(page, 1);
  return new URL(page.url()).hash;
}

test('findings and refusals are said in Chinese, from codes and values', async () => {
  const page = await visit(browser);
  const options = { login: 'planner', hash: '#/grid/plans' };
  await signIn(page, here('url'), here('staffPassword'), options);
  const address = await drawnWrong(page);
  await page.click('[data-test=submit]');
  await page.waitForSelector('.failure');
  const failure = await text(page, '.failure');
  expect(failure).toContain('网格跨了社区');
  expect(english(failure)).toEqual([]);
  await page.click('[data-test=validate]');
  const finding = page.locator('[data-test=findings] li', { hasText: '网格跨了社区' });
  await finding.waitFor();
  expect(await finding.textContent()).toMatch(/社区 \d{12}、\d{12}/);
  expect(english(await text(page, '[data-test=findings]'))).toEqual([]);
  expect(await barriers(page)).toEqual([]);

  // once the plan is changed, that is said of what was found before
  await page.keyboard.press('k');
  await page.waitForSelector('[data-test=stale]');

  // somebody else is faster
  await page.evaluate(async (hash) => {
    const path = `/api/v1/plans/${hash.split('/').at(-1)}`;
    const { version } = await (await fetch(path)).json();
    const body = JSON.stringify({ version, title: '改了名' });
    const headers = { 'content-type': 'application/json' };
    await fetch(path, { method: 'PATCH', headers, body });
  }, address);
  await page.keyboard.press('k');
  const apart = page.locator('.messages [role=alert]');
  await apart.waitFor();
  expect(await apart.textContent()).toContain('刚才有人先动了它');
  expect(english(await apart.textContent())).toEqual([]);
  await page.context().close();
});

test('the impact is taken home whole and printed on white paper, with the map', async () => {
  const page = await visit(browser, { theme: 'dark' });
  const options = { login: 'planner', hash: '#/grid/plans' };
  await signIn(page, here('url'), here('staffPassword'), options);
  const address = await drawnWrong(page);
  await page.evaluate((hash) => {
    location.hash = hash;
  }, `${address}/impact`);
  await page.waitForSelector('[data-test=impact-cells] tbody tr');
  await drawn(page);
  expect(await page.locator('[data-test=impact-cells] tbody tr').count()).toBe(3);
  expect(await barriers(page)).toEqual([]);

  await page.click('[data-test=impact-files] summary');
  const firstLine = async (link: string) => {
    const [file] = await Promise.all([
      page.waitForEvent('download'),
      page.click(`[data-test=impact-files] a:has-text("${link}")`),
    ]);
    const [line] = (await readFile(await file.path(), 'utf8')).split('\n');
    return line!;
  };
  expect(await firstLine('网格（CSV）')).toContain('change,code,name');
  expect(await firstLine('部件（CSV）')).toContain('component,code,class');
  expect(await firstLine('GeoJSON')).toContain('"kind":"cell_added"');
  await page.click('[data-test=impact-files] summary');

  // what the printer gets
  const printed = page.evaluate(
    () =>
      new Promise<{ theme: string | undefined; picture: string }>((resolve) => {
        window.print = () => {
          const picture = document.querySelector<HTMLImageElement>('.on-paper img')?.src ?? '';
          resolve({ theme: document.documentElement.dataset.theme, picture });
        };
      }),
  );
  await page.click('[data-test=print]');
  const { theme, picture } = await printed;
  expect(theme).toBe('light');
  const light = await page.evaluate(async (address) => {
    const image = new Image();
    image.src = address;
    await image.decode();
    const canvas = new OffscreenCanvas(image.width, image.height);
    const pen = canvas.getContext('2d')!;
    pen.drawImage(image, 0, 0);
    const corner = pen.getImageData(4, 4, 1, 1).data;
    return corner[0]! + corner[1]! + corner[2]!;
  }, picture);
  expect(light, 'the map has the colours of paper').toBeGreaterThan(3 * 200);
  await page.waitForFunction(() => document.documentElement.dataset.theme === 'dark');
  await page.emulateMedia({ media: 'print' });
  await page.waitForFunction(() => document.documentElement.dataset.theme === 'light');
  expect(await page.locator('nav').first().isVisible()).toBe(false);
  expect(await page.locator('[data-test=print]').isVisible()).toBe(false);
  expect(await page.locator('[data-test=loads]').isVisible()).toBe(true);
  await page.context().close();
});
