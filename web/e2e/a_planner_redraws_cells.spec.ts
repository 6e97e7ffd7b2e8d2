import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { barriers } from './barriers';
import { launch, signIn, visit } from './browser';
import { click, drawn, inside, onScreen, stepped } from './grid_map';
import { here } from './here';

let browser: Browser;
beforeAll(async () => {
  browser = await launch();
});
afterAll(() => browser?.close());

const data = process.env.CITYWARD_DATA;
if (!data) console.log('CITYWARD_DATA is not set: no cells of a real city are edited in the page');
const LUCKNOW = join(data ?? '', 'cells', 'Lucknow_Lucknow_ward_boundary.geojson');

const steps = (page: Page) => page.locator('[data-test=history] li').count();
const bars = (page: Page) => page.locator('[data-test=bars]').textContent();

test.runIf(data)(
  'wards are merged, split, moved and given away, and all of it is undone',
  async () => {
    const page = await visit(browser, { language: 'en' });
    await signIn(page, here('url'), here('password'), { hash: '#/grid' });
    await page.setInputFiles('[data-test=file]', LUCKNOW);
    await page.waitForSelector('[data-test=kinds]');
    await page.fill('input[name=tolerance]', '20');
    await page.click('[data-test=repair]');
    await page.click('[data-test=to-editor]');
    await page.waitForSelector('[data-tool=select]');
    await page.click('summary:has-text("Owners from")');
    await page.selectOption('[data-test=owner-field]', 'Zone');
    await page.waitForFunction(() => document.querySelectorAll('[data-test=bars] li').length > 5);
    await drawn(page);
    expect(await barriers(page)).toEqual([]);
    const before = await bars(page);

    // a tool that cannot be used says why, from the partition's own mouth
    const merge = page.locator('[data-tool=merge]');
    expect(await merge.textContent()).toContain('choose two cells or more first');
    await click(page, await inside(page, 'Chinhat'));
    await page.keyboard.down('Shift');
    await click(page, await inside(page, 'Shahdatganj'));
    await page.keyboard.up('Shift');
    await merge.locator('small', { hasText: 'fall apart' }).waitFor();
    await page.keyboard.press('Escape');

    await click(page, await inside(page, 'Cantonment'));
    await page.keyboard.down('Shift');
    await click(page, await inside(page, 'Guru Govind Singh Ward'));
    await page.keyboard.up('Shift');
    await page.waitForFunction(() => !document.querySelector('[data-tool=merge] small'));
    await page.keyboard.press('m');
    await stepped(page, 1);

    // a line across the union, point by point
    const union = await inside(page, 'Guru Govind Singh Ward+Cantonment');
    await page.keyboard.press('s');
    await click(page, [union[0], union[1] - 0.06]);
    const { x, y } = await onScreen(page, [union[0], union[1] + 0.06]);
    await page.mouse.dblclick(x, y);
    await stepped(page, 2);

    // by keyboard alone: the vertex under the middle of the map is taken and put down
    const around = await inside(page, 'Kharika');
    await page.keyboard.press('e');
    await page.evaluate((center) => window.__gridMap.jumpTo({ center, zoom: 13.5 }), around);
    await page.waitForFunction(
      () => window.__gridMap.queryRenderedFeatures({ layers: ['handles'] }).length > 0,
    );
    const vertex = await page.evaluate(() => {
      const [first] = window.__gridMap.queryRenderedFeatures({ layers: ['handles'] });
      const { coordinates } = first!.geometry as GeoJSON.Point;
      window.__gridMap.jumpTo({ center: coordinates as [number, number], zoom: 17 });
      return coordinates as [number, number];
    });
    await drawn(page);
    await page.locator('.maplibregl-canvas').focus();
    await page.keyboard.press('Enter');
    await page.waitForTimeout(300);
    await page.evaluate(
      ([lon, lat]) => window.__gridMap.jumpTo({ center: [lon! + 0.00003, lat! + 0.00002] }),
      vertex,
    );
    await page.keyboard.press('Enter');
    await stepped(page, 3);
    expect(await bars(page)).not.toBe(before);

    await page.keyboard.press('Control+z');
    await page.keyboard.press('Control+z');
    await page.keyboard.press('Control+z');
    await page.waitForFunction(
      () => document.querySelectorAll('[data-test=history] .undone').length === 3,
    );
    expect(await bars(page)).toBe(before);
    await page.click('[data-test=redo]');
    await page.waitForFunction(
      () => document.querySelectorAll('[data-test=history] .undone').length === 2,
    );
    expect(await steps(page)).toBe(4);
    await page.context().close();
  },
);
