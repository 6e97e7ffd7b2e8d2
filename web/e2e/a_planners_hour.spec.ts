import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { asked } from './ask';
import { barriers } from './barriers';
import { type Looks, launch, mapIsDrawn, signIn, visit } from './browser';
import { click, drawn, inside, onScreen, type Place, stepped } from './grid_map';
import { hired } from './hired';
import { freePort, type Program, start, stop } from './program';

const data = process.env.CITYWARD_DATA;
if (!data) console.log('CITYWARD_DATA is not set: no planner imports the cells of a real city');
const LUCKNOW = join(data ?? '', 'cells', 'Lucknow_Lucknow_ward_boundary.geojson');
const WARDS = 112;
const MANY = 40;
/** Of the city of the file, whose wards are numbered under it. */
const COMMUNITY = '310101001001';
/** A plan is in force from a whole minute on. */
const MINUTE_MS = 60_000;

let browser: Browser;
let dataDir: string;
let city: Program;
let passwords: Map<string, string>;

beforeAll(async () => {
  if (!data) return;
  browser = await launch();
  dataDir = await mkdtemp(join(tmpdir(), 'cityward-planner-'));
  city = await start(['serve'], { dataDir, port: await freePort() });
  passwords = await hired(city, ['planner', 'leader', 'dispatcher', 'operator']);
});
afterAll(async () => {
  await browser?.close();
  if (city) await stop(city);
  if (dataDir) await rm(dataDir, { recursive: true, force: true });
});

const password = (role: string) => passwords.get(role) ?? '';

async function arrive(role: string, hash: string, looks: Looks = {}): Promise<Page> {
  const page = await visit(browser, looks);
  await signIn(page, city.url, password(role), { login: role, hash });
  return page;
}

const shots = process.env.CITYWARD_PICTURES;
let taken = 0;

/** A picture of each step for who wants to look; in a folder that is named. */
async function shot(page: Page, name: string): Promise<void> {
  taken += 1;
  const file = `${String(taken).padStart(2, '0')}-${name}.png`;
  if (shots) await page.screenshot({ path: join(shots, file) });
}

/** The wards checked, repaired and decided; `then` is what can be done with them. */
async function inOrder(page: Page, then: string): Promise<void> {
  await page.setInputFiles('[data-test=file]', LUCKNOW);
  await page.waitForSelector('[data-test=kinds]');
  await drawn(page);
  await shot(page, 'checked');
  await page.fill('input[name=tolerance]', '20');
  await page.click('[data-test=repair]');
  await page.waitForSelector(then);
  await drawn(page);
  await shot(page, 'repaired');
  // what only a person can decide goes to the neighbour with the longest border
  const questions = page.locator('[data-test=questions] li');
  for (let left = await questions.count(); left > 0; left -= 1) {
    await questions.first().locator('div button').first().click();
    await page.waitForFunction(
      (count) => document.querySelectorAll('[data-test=questions] li').length < count,
      left,
    );
  }
}

/** They are made the city's first grid. */
async function theFirstGrid(page: Page): Promise<void> {
  await inOrder(page, '[data-test=first-ground]');
  await page.selectOption('select[name=unit-field]', 'Zone');
  await page.fill('input[name=community]', COMMUNITY);
  await page.fill('input[name=reason]', '市政府 2026 年第 8 号文');
  expect(await barriers(page)).toEqual([]);
  await page.click('[data-test=take]');
  await page.locator('[data-test=first-ground] [role=status]').waitFor();
  await shot(page, 'first-grid');
}

/** The same file once more: a plan that draws the city as it was before the one that is in force. */
async function theFileAgain(page: Page): Promise<void> {
  await inOrder(page, '[data-test=from-file]');
  await page.fill('input[name=title]', '恢复原网格');
  await page.fill('input[name=reason]', '冬季结束');
  expect(await barriers(page)).toEqual([]);
  await shot(page, 'from-file');
  await page.click('[data-test=begin-plan]');
  await page.waitForSelector('[data-tool=select]');
  await stepped(page, 1);
  await drawn(page);
  expect(await page.textContent('[data-test=history]')).toContain('Redrawn by a file');
  await shot(page, 'plan-from-file');
  // the wards that are new have the names of the file; a planner may call them otherwise
  await click(page, await inside(page, 'Guru Govind Singh Ward'));
  await page.fill('[data-test=cell-name]', '古鲁街区');
  await page.click('[data-test=set-name]');
  await stepped(page, 2);
  await inside(page, '古鲁街区');
  expect(await barriers(page)).toEqual([]);
  await shot(page, 'named');
  await page.click('[data-test=impact]');
  await page.waitForSelector('[data-test=loads] tbody tr');
  await drawn(page);
  // what was split and what was merged
  expect(await page.locator('[data-test=impact-cells] tbody tr').count()).toBeGreaterThan(1);
  await shot(page, 'impact-of-file');
  await page.goBack();
}

/** A unit ends while the plan is drawn: its cells are nobody's, and it is given nothing more. */
async function aUnitEnds(page: Page, busy: number): Promise<void> {
  await page.waitForSelector('[data-test=bars] li');
  const owners = await page
    .locator('[data-test=bars] li')
    .evaluateAll((rows) => rows.map((row) => Number((row as HTMLElement).dataset.owner)));
  const ending = owners.find((owner) => owner > 0 && owner !== busy);
  const admin = { login: 'admin', password: city.password ?? '' };
  await asked(city.url, admin, (ask) => ask(`/api/v1/units/${ending}/end`, 'POST', {}));
  await page.reload();
  await page.waitForSelector('[data-tool=select]');
  await drawn(page);
  expect(await page.textContent(`[data-test=bars] li[data-owner="${ending}"]`)).toContain(
    '(ended)',
  );
  expect(await page.locator(`[data-test=owner] option[value="${ending}"]`).count()).toBe(0);
  await page.click('[data-concern=unowned] summary');
  await page.locator('[data-concern=unowned] li').first().waitFor();
  await page.click('[data-test=validate]');
  const finding = page.locator('[data-test=findings]', { hasText: 'Its unit is not there' });
  await finding.waitFor();
  expect(await barriers(page)).toEqual([]);
  await shot(page, 'unit-ended');
}

/** A plan that splits, merges and gives forty wards to one unit. */
async function thePlan(page: Page): Promise<string> {
  await page.click('[data-test=first-ground] a.button');
  await page.click('[data-test=new-plan]');
  await page.fill('input[name=title]', '冬季调整');
  await page.fill('textarea[name=reason]', '环卫力量重新划分');
  await page.click('form.card button.primary');
  await page.waitForSelector('[data-tool=select]');
  await drawn(page);
  await shot(page, 'plan-begun');

  await click(page, await inside(page, 'Cantonment'));
  await click(page, await inside(page, 'Guru Govind Singh Ward'), true);
  await page.waitForFunction(() => !document.querySelector('[data-tool=merge] small'));
  await page.keyboard.press('m');
  await stepped(page, 1);

  const kharika = await inside(page, 'Kharika');
  await page.keyboard.press('Escape');
  await page.keyboard.press('s');
  await page.waitForSelector('[data-test=too-many]');
  await click(page, [kharika[0], kharika[1] - 0.06]);
  const { x, y } = await onScreen(page, [kharika[0], kharika[1] + 0.06]);
  await page.mouse.dblclick(x, y);
  await stepped(page, 2);
  await shot(page, 'merged-and-split');

  await aroundMany(page);
  await shot(page, 'lasso');
  const chosen = await page.textContent('aside h2');
  expect(Number(/\d+/.exec(chosen ?? '')?.[0])).toBe(MANY);
  await page.locator('[data-test=owner]').selectOption({ index: 1 });
  await page.click('[data-test=give]');
  await stepped(page, 3);
  await shot(page, 'forty-given');
  expect(await barriers(page)).toEqual([]);
  return new URL(page.url()).hash;
}

/** A loop around the forty cells that lie farthest to the west. */
async function aroundMany(page: Page): Promise<void> {
  const edge = await page.evaluate((many) => {
    const cells = window.__gridMap.queryRenderedFeatures({ layers: ['faces-fill'] });
    const at = new Map(cells.map(({ properties }) => [properties.face, properties.at]));
    const lons = [...at.values()].map((place) => (place as [number, number])[0]);
    const sorted = lons.toSorted((one, two) => one - two);
    return (sorted[many - 1]! + sorted[many]!) / 2;
  }, MANY);
  const corners = await page.evaluate((lon) => {
    const { left, top, width, height } = window.__gridMap.getContainer().getBoundingClientRect();
    const east = left + window.__gridMap.project([lon, window.__gridMap.getCenter().lat]).x;
    return [
      [left + 4, top + 4],
      [east, top + 4],
      [east, top + height - 4],
      [left + 4, top + height - 4],
      [left + 4, top + 4],
    ].map(([x, y]) => [Math.min(x!, left + width - 4), y!]);
  }, edge);
  await page.keyboard.press('l');
  const [from, ...rest] = corners;
  await page.mouse.move(from![0]!, from![1]!);
  await page.mouse.down();
  for (const [x, y] of rest) await page.mouse.move(x!, y!, { steps: 8 });
  await page.mouse.up();
  await page.waitForSelector('[data-test=give]:not(:disabled)');
}

/** The wards on the dispatcher's map, which begins close to the open cases. */
async function wholeCity(page: Page): Promise<void> {
  await mapIsDrawn(page);
  await page.evaluate(() => window.__cityward.map.jumpTo({ center: [80.94, 26.85], zoom: 10.4 }));
  await mapIsDrawn(page);
}

/** Of a case one cell is outlined, also so far out that tiles carry no codes; without one none. */
async function theCellOfACase(page: Page): Promise<void> {
  const outlined = () =>
    page.evaluate(() => {
      const found = window.__cityward.map.queryRenderedFeatures({ layers: ['cell-shown'] });
      return new Set(found.map(({ id }) => id)).size;
    });
  expect(await outlined()).toBe(0);
  await page.click('[data-case]');
  await page.locator('button[aria-pressed]', { hasText: 'Show cell' }).click();
  await wholeCity(page);
  expect(await outlined()).toBe(1);
  await shot(page, 'cell-of-a-case');
  await page.keyboard.press('Escape');
  await wholeCity(page);
  expect(await outlined()).toBe(0);
}

/** The unit of the place on the dispatcher's map, as drawn there. */
function unitDrawnAt(page: Page, [lon, lat]: Place): Promise<unknown> {
  return page.evaluate(
    (at) => {
      const { map } = window.__cityward;
      const [cell] = map.queryRenderedFeatures(map.project(at), { layers: ['cell-tint'] });
      return cell?.properties.unit ?? null;
    },
    [lon, lat] as Place,
  );
}

/** Before and after by swipe and blink, with the keyboard alone; each shows what it says. */
async function compares(page: Page): Promise<void> {
  const clip = () =>
    page.evaluate(() => document.querySelector<HTMLElement>('.before')?.style.clipPath ?? '');
  await page.keyboard.press('w');
  await page.waitForSelector('[data-test=side]');
  const line = page.locator('[data-test=swipe-line]');
  await line.focus();
  const middle = await clip();
  await page.keyboard.press('End');
  expect(await line.inputValue()).toBe('100');
  expect(await clip()).not.toBe(middle);
  await page.keyboard.press('PageDown');
  await shot(page, 'swipe');
  for (let i = 0; i < 4; i += 1) await page.keyboard.press('PageDown');
  await shot(page, 'swipe-middle');
  expect(await barriers(page)).toEqual([]);
  await page.locator('[data-test=swipe]').press('Enter');
  expect(await page.locator('[data-test=swipe-line]').count()).toBe(0);
  await page.keyboard.down('=');
  await page.waitForFunction(
    () => document.querySelector<HTMLElement>('.before')?.style.clipPath === 'none',
  );
  await shot(page, 'blink');
  await page.keyboard.up('=');
  expect(await clip()).toContain('inset');
}

/** The first whole minute that leaves time for the approval, as the form wants it. */
function soon(): { at: number; field: string } {
  const at = Math.ceil((Date.now() + 15_000) / MINUTE_MS) * MINUTE_MS;
  const local = new Date(at + 8 * 60 * MINUTE_MS);
  return { at, field: local.toISOString().slice(0, 16) };
}

test.runIf(data)(
  'a city’s wards become its grid, a plan redraws them, and the dispatcher sees it on its day',
  { timeout: 600_000 },
  async () => {
    const planner = await arrive('planner', '#/grid');
    await theFirstGrid(planner);
    const address = await thePlan(planner);
    const west = await inside(planner, 'Sarojni Nagar Part 1');

    // a case in one of the forty, before anything changes
    const operator = { login: 'operator', password: password('operator') };
    const filed = await asked(city.url, operator, (ask) =>
      ask<{ case: { id: number } }>('/api/v1/cases', 'POST', {
        class: 'M06010',
        lon: west[0],
        lat: west[1],
        source: 'hotline',
        text: '路边暴露垃圾',
        attachments: [],
      }),
    );
    const unitOfCase = async () => {
      const told = await asked(city.url, operator, (ask) =>
        ask<{ unit: { id: number } }>(`/api/v1/cases/${filed.case.id}`),
      );
      return told.unit.id;
    };

    await planner.click('[data-test=impact]');
    await planner.waitForSelector('[data-test=loads] tbody tr');
    await drawn(planner);
    await shot(planner, 'impact');
    expect(await barriers(planner)).toEqual([]);
    await planner.goBack();
    await planner.waitForSelector('[data-test=submit]:not(:disabled)');
    await planner.click('[data-test=validate]');
    await planner.waitForSelector('details[open] summary');
    await drawn(planner);
    await shot(planner, 'validated');
    await planner.click('[data-test=submit]');
    await planner.locator('[data-test=plan-state]', { hasText: '待审批' }).waitFor();
    await planner.context().close();

    const dispatcher = await arrive('dispatcher', '#/map', { language: 'en', theme: 'light' });
    await wholeCity(dispatcher);
    await shot(dispatcher, 'dispatcher-before');
    await theCellOfACase(dispatcher);
    const before = await unitDrawnAt(dispatcher, west);
    expect(before).toBe(await unitOfCase());

    const leader = await arrive('leader', address, { language: 'en', theme: 'light' });
    await drawn(leader);
    await shot(leader, 'leader-looks');
    await compares(leader);
    const { at, field } = soon();
    await leader.click('[data-test=approve]');
    await leader.fill('input[type=datetime-local]', field);
    await leader.click('[data-test=confirm]');
    await leader.locator('[data-test=plan-state]', { hasText: 'waits for its date' }).waitFor();
    await drawn(leader);
    await shot(leader, 'approved');
    expect(await unitDrawnAt(dispatcher, west), 'nothing changes before the day').toBe(before);

    const after = await dispatcher.waitForFunction(
      ({ place, was }) => {
        const { map } = window.__cityward;
        const [cell] = map.queryRenderedFeatures(map.project(place), { layers: ['cell-tint'] });
        const unit = cell?.properties.unit;
        return unit !== undefined && unit !== was ? unit : null;
      },
      { place: west, was: before as number },
      { timeout: 2 * MINUTE_MS, polling: 250 },
    );
    expect(Date.now()).toBeGreaterThanOrEqual(at);
    expect(await after.jsonValue()).not.toBe(before);
    await mapIsDrawn(dispatcher);
    await shot(dispatcher, 'dispatcher-after');
    expect(await unitOfCase(), 'the case goes with its cell').toBe(await after.jsonValue());
    await leader.reload();
    await leader.locator('[data-test=plan-state]', { hasText: 'in force' }).waitFor();
    const told = await asked(city.url, operator, (ask) =>
      ask<{ faces: unknown[] }>('/api/v1/partition'),
    );
    // one more by the split, one less by the merge
    expect(told.faces.length).toBe(WARDS);

    const again = await arrive('planner', '#/grid', { language: 'en', theme: 'light' });
    await theFileAgain(again);
    await aUnitEnds(again, await unitOfCase());
  },
);
