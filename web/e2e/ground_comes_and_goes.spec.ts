import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { barriers } from './barriers';
import { type Looks, launch, signIn, visit } from './browser';
import { click, drawn, onScreen, type Place, stepped } from './grid_map';
import { here } from './here';

let browser: Browser;
beforeAll(async () => {
  browser = await launch();
});
afterAll(() => browser?.close());

async function arrive(hash: string, looks: Looks = {}): Promise<Page> {
  const page = await visit(browser, looks);
  await signIn(page, here('url'), here('staffPassword'), { login: 'planner', hash });
  return page;
}

async function begin(page: Page, title: string): Promise<void> {
  await page.click('[data-test=new-plan]');
  await page.fill('input[name=title]', title);
  await page.fill('textarea[name=reason]', title);
  await page.click('form.card button.primary');
  await page.waitForSelector('[data-tool=select]');
  await drawn(page);
}

async function look(page: Page, center: Place, zoom: number): Promise<void> {
  await page.evaluate((view) => window.__gridMap.jumpTo(view), { center, zoom });
  await drawn(page);
}

/** Vertices with nothing of the city to the east of them, from north to south. */
function eastern(page: Page): Promise<Place[]> {
  return page.evaluate(() => {
    const map = window.__gridMap;
    const within = map.getContainer().getBoundingClientRect();
    const handles = map.queryRenderedFeatures({ layers: ['handles'] });
    const places = handles.map(({ geometry }) => (geometry as GeoJSON.Point).coordinates as Place);
    const isOutermost = (place: Place) => {
      const { x, y } = map.project(place);
      const east = map.queryRenderedFeatures([x + 12, y], { layers: ['faces-fill'] });
      return y > within.height / 4 && y < within.height * 0.8 && east.length === 0;
    };
    return places.filter(isOutermost).toSorted((one, other) => other[1] - one[1]);
  });
}

async function doubleClick(page: Page, place: Place): Promise<void> {
  const { x, y } = await onScreen(page, place);
  await page.mouse.move(x, y);
  await page.mouse.dblclick(x, y);
}

const newest = (page: Page) => page.locator('[data-test=history] li').first().textContent();

test('ground comes in from outside, goes to a cell or becomes one, and every step says why and by whom', async () => {
  const page = await arrive('#/grid/plans', { theme: 'light' });
  await begin(page, '东边');
  await page.keyboard.press('p');
  await page.locator('[data-test=missed]', { hasText: '要先选一个网格' }).waitFor();
  expect(await page.locator('[data-tool=takeIn]').textContent()).toContain('要先选一个网格');

  await look(page, [119.93263, 32.45], 16.3);
  await page.keyboard.press('o');
  await page.waitForFunction(
    () => window.__gridMap.queryRenderedFeatures({ layers: ['handles'] }).length > 20,
  );
  const [, from, , to, , , , beside] = (await eastern(page)) as Place[];
  const out = (place: Place): Place => [place[0] + 0.0011, place[1]];
  const line = async (first: Place, last: Place) => {
    await click(page, first);
    await click(page, out(first));
    await click(page, out(last));
    await doubleClick(page, last);
  };
  // a line that does not end on the outline is none of it
  await click(page, from!);
  await doubleClick(page, out(from!));
  await page.locator('[data-test=missed]', { hasText: '外界线' }).waitFor();

  await page.fill('[data-test=step-reason]', '新建的滨河路');
  await page.locator('.maplibregl-canvas').focus();
  await line(from!, to!);
  await stepped(page, 1);
  const step = await newest(page);
  expect(step).toContain('改外界线');
  expect(step).toContain('规划员');
  expect(step).toContain('新建的滨河路');
  expect(await page.inputValue('[data-test=step-reason]')).toBe('');

  // what came in is undecided; of what mends it the first is a neighbour
  const undecided = page.locator('[data-concern=undecided]');
  await undecided.locator('[data-remedy=join_to]').first().waitFor();
  expect(await undecided.locator('[data-remedy=settle]').textContent()).toBe('定为网格');
  expect(await barriers(page)).toEqual([]);
  await undecided.locator('[data-remedy=join_to]').first().click();
  await stepped(page, 2);
  expect(await undecided.count()).toBe(0);
  await page.click('[data-test=undo]');
  await undecided.waitFor();

  // the same ground by its key, once it is chosen
  await look(page, [119.93263, 32.45], 16.3);
  await page.keyboard.press('v');
  await click(page, [from![0] + 0.0005, (from![1] + to![1]) / 2]);
  await page.keyboard.press('d');
  await page.waitForFunction(() => !document.querySelector('[data-concern=undecided]'));
  expect(await newest(page)).toContain('定为网格');

  // a loop over the edge, into the cell and out of it again
  const inside: Place = [beside![0] - 0.0004, beside![1]];
  await click(page, inside);
  const corners: Place[] = [
    [beside![0] - 0.0002, beside![1] + 0.00012],
    [beside![0] + 0.0008, beside![1] + 0.00012],
    [beside![0] + 0.0008, beside![1] - 0.00012],
    [beside![0] - 0.0002, beside![1] - 0.00012],
  ];
  for (const [key, name] of [
    ['p', '从外界划入'],
    ['r', '划到外界'],
  ] as const) {
    await page.keyboard.press(key);
    for (const corner of corners.slice(0, 3)) await click(page, corner);
    await doubleClick(page, corners[3]!);
    await page.waitForFunction(
      (wanted) => document.querySelector('[data-test=history] li')?.textContent?.includes(wanted),
      name,
    );
  }

  // who did it, when and why is kept with the service
  await page.reload();
  await page.waitForFunction(() =>
    document.querySelector('[data-test=history]')?.textContent?.includes('新建的滨河路'),
  );
  expect(await newest(page)).toContain('划到外界');
  expect(await page.locator('[data-test=history] time').first().getAttribute('datetime')).toMatch(
    /^20/,
  );
  await page.context().close();
});

test('a cell is divided along a street: the line follows its corners, unless snapping is off', async () => {
  const page = await arrive('#/grid/plans', { language: 'en' });
  await begin(page, 'Along the avenue');
  await look(page, [119.918, 32.4513], 17);
  // two cells that an avenue runs between become one
  await click(page, [119.91755, 32.45125]);
  await click(page, [119.91785, 32.45095], true);
  await page.waitForFunction(() => !document.querySelector('[data-tool=merge] small'));
  await page.keyboard.press('m');
  await stepped(page, 1);

  await page.keyboard.press('s');
  const rests = page.locator('[data-test=rests]');
  const middle: Place = [119.91788, 32.45128];
  const { x, y } = await onScreen(page, middle);
  await page.mouse.move(x, y);
  await page.waitForFunction(
    () => document.querySelector<HTMLElement>('[data-test=rests]')?.dataset.on === 'street',
  );
  expect(await rests.textContent()).toContain('Fengcheng Avenue');
  await page.keyboard.press('n');
  await page.mouse.move(x + 1, y);
  await page.waitForFunction(
    () => document.querySelector<HTMLElement>('[data-test=rests]')?.dataset.on === 'off',
  );
  await page.keyboard.press('n');

  const vertices = () =>
    page.evaluate(() => window.__gridMap.queryRenderedFeatures({ layers: ['handles'] }).length);
  const before = await vertices();
  await click(page, [119.91731, 32.45056]);
  await doubleClick(page, [119.91835, 32.4519]);
  await stepped(page, 2);
  await page.waitForFunction(
    (count) => window.__gridMap.queryRenderedFeatures({ layers: ['handles'] }).length > count + 2,
    before,
  );
  await drawn(page);
  const along = await vertices();
  // back to one, and straight across without the street
  await page.keyboard.press('Control+z');
  await page.waitForFunction(
    () => document.querySelectorAll('[data-test=history] .undone').length === 1,
  );
  await page.keyboard.press('n');
  await click(page, [119.91731, 32.45056]);
  await doubleClick(page, [119.91835, 32.4519]);
  await page.waitForFunction(
    () => document.querySelectorAll('[data-test=history] .undone').length === 0,
  );
  await drawn(page);
  await expect.poll(vertices).toBeLessThan(along);
  await page.context().close();
});
