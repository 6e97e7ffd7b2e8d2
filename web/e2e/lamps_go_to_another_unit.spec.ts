import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { barriers } from './barriers';
import { launch, signIn, visit } from './browser';
import { here } from './here';

let browser: Browser;
beforeAll(async () => {
  browser = await launch();
});
afterAll(() => browser?.close());

const LAMPS = 'C01037';
const shots = process.env.CITYWARD_PICTURES;

async function shot(page: Page, name: string): Promise<void> {
  if (shots) await page.screenshot({ path: `${shots}/${name}.png` });
}

/** Who has the cell in the middle of the map, and who answers there for what is looked at. */
const inTheMiddle = (page: Page) =>
  page.evaluate(() => {
    const map = window.__gridMap;
    const middle = map.project(map.getCenter());
    const [cell] = map.queryRenderedFeatures(middle, { layers: ['faces-fill'] });
    return { owner: Number(cell!.properties.owner), answers: Number(cell!.properties.answers) };
  });

/** Until another unit than this one answers for the cell in the middle, as it is drawn. */
const isNoMore = (page: Page, unit: number) =>
  page.waitForFunction((was) => {
    const map = window.__gridMap;
    const middle = map.project(map.getCenter());
    const [cell] = map.queryRenderedFeatures(middle, { layers: ['faces-fill'] });
    return cell !== undefined && Number(cell.properties.answers) !== was;
  }, unit);

async function lookAt(page: Page, text: string): Promise<void> {
  await page.fill('[data-test=for-classes]', text);
  await page.press('[data-test=for-classes]', 'Enter');
}

test('the lamps of a cell go to another unit; everything else of it stays', async () => {
  const page = await visit(browser, { language: 'en' });
  const [login, hash] = ['planner', '#/grid/plans'];
  await signIn(page, here('url'), here('staffPassword'), { login, hash });
  await page.click('[data-test=new-plan]');
  await page.fill('input[name=title]', '路灯移交');
  await page.fill('textarea[name=reason]', '路灯由市政统一管理');
  await page.click('form.card button.primary');
  await page.waitForSelector('[data-tool=select]');
  await page.waitForFunction(() => window.__gridMap?.loaded());

  await lookAt(page, 'lampposts on the moon');
  await page.locator('[role=alert]', { hasText: 'no such class' }).waitFor();
  await lookAt(page, LAMPS);
  await page.locator('[data-test=coloured-by]', { hasText: 'Street lamp' }).waitFor();
  await page.waitForFunction(() => window.__gridMap?.loaded());
  expect(await barriers(page)).toEqual([]);
  // in the demo city the lamps have a unit of their own in every cell
  await isNoMore(page, (await inTheMiddle(page)).owner);
  const before = await inTheMiddle(page);

  // the cell in the middle, by keyboard
  await page.locator('.maplibregl-canvas').focus();
  await page.keyboard.press('Enter');
  await page.waitForSelector('[data-test=give]:not(:disabled)');
  const owner = page.locator('[data-test=owner]');
  const units = await owner.locator('option').evaluateAll((options) =>
    options.map((option) => ({
      name: option.textContent ?? '',
      index: (option as HTMLOptionElement).index,
    })),
  );
  await page.keyboard.press('i');
  await page.keyboard.press('Enter');
  await page.waitForFunction(
    () => document.querySelector<HTMLSelectElement>('[data-test=owner]')!.selectedIndex > 0,
  );
  const had = await owner.evaluate((select: HTMLSelectElement) => select.selectedIndex);
  const given = units.find(({ index }) => index > 0 && index !== had)!;
  await owner.selectOption({ index: given.index });
  await page.click('[data-test=give]');
  await page.locator('[data-test=step-classes]', { hasText: 'Street lamp' }).waitFor();
  await page
    .locator(`[data-test=duties] [data-classes=${LAMPS}]`, { hasText: given.name })
    .waitFor();
  await isNoMore(page, before.answers);
  expect((await inTheMiddle(page)).owner).toBe(before.owner);
  await shot(page, 'lamps-given');

  // of all classes the cell is whose it was
  await page.click('[data-test=for-all]');
  await page.locator('[data-test=coloured-by]').waitFor({ state: 'detached' });
  await page.waitForFunction((wanted) => {
    const map = window.__gridMap;
    const middle = map.project(map.getCenter());
    const [cell] = map.queryRenderedFeatures(middle, { layers: ['faces-fill'] });
    return Number(cell?.properties.answers) === wanted;
  }, before.owner);

  // the service has it, and says what it would mean
  await page.reload();
  await page.locator('[data-test=step-classes]', { hasText: 'Street lamp' }).waitFor();
  await page.evaluate(() => {
    location.hash += '/impact';
  });
  await page.locator('[data-test=impact-cells] tr', { hasText: 'Street lamp' }).waitFor();
  expect(await barriers(page)).toEqual([]);
  await shot(page, 'lamps-impact');
  await page.context().close();
});
