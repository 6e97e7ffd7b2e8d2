import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launch, signIn, visit } from './browser';
import { drawn, onScreen, type Place, stepped } from './grid_map';
import { here } from './here';

/** How many cells are dragged about; 20,000 take a minute, so nobody waits for it unasked. */
const CELLS = Number(process.env.CITYWARD_CELLS ?? 0);
/** Corners of a cell's border between two others. */
const BENDS = 25;
const MOVES = 120;
/** A frame at 60 a second. */
const OWN_WORK_MS = 16;
const OPENED_MS = 120_000;

/** By question to the partition: how long it worked on each answer. */
type Asked = Record<string, number[]>;

let browser: Browser;
let folder: string;
beforeAll(async () => {
  browser = await launch();
  folder = await mkdtemp(join(tmpdir(), 'cityward-cells-'));
});
afterAll(async () => {
  await browser?.close();
  await rm(folder, { recursive: true, force: true });
});

/** Blocks of a hundred metres with crooked borders that neighbours share. */
function city(cells: number): string {
  const columns = Math.ceil(Math.sqrt(cells));
  const step = 0.001;
  const wave = (along: number, across: number) => 0.00006 * Math.sin(7 * along + 3 * across);
  const at = (x: number, y: number): Place => [
    120 + step * x + (Number.isInteger(x) ? wave(y, x) : 0),
    32 + step * y + (Number.isInteger(y) ? wave(x, y) : 0),
  ];
  const side = (from: [number, number], to: [number, number]) =>
    Array.from({ length: BENDS }, (_, index) => {
      const share = index / BENDS;
      return at(from[0] + share * (to[0] - from[0]), from[1] + share * (to[1] - from[1]));
    });
  const features = Array.from({ length: cells }, (_, index) => {
    const [x, y] = [index % columns, Math.floor(index / columns)];
    const corners: [number, number][] = [
      [x, y],
      [x + 1, y],
      [x + 1, y + 1],
      [x, y + 1],
    ];
    const ring = corners.flatMap((corner, turn) => side(corner, corners[(turn + 1) % 4]!));
    const rounded = [...ring, ring[0]!].map((place) => place.map((deg) => Number(deg.toFixed(7))));
    const geometry = { type: 'Polygon', coordinates: [rounded] };
    return JSON.stringify({ type: 'Feature', properties: { name: `${index}` }, geometry });
  });
  return `{"type":"FeatureCollection","features":[${features.join(',')}]}`;
}

/** Notes in the partition's worker how long it works on each answer. */
async function listen(page: Page): Promise<void> {
  const ours = page.workers().filter((worker) => /\/worker[.-]/.test(worker.url()));
  expect(ours).toHaveLength(1);
  await ours[0]!.evaluate(() => {
    const ended = new Map<number, number>();
    const asked: Asked = {};
    const post = globalThis.postMessage;
    const tell = (answer: { id: number }) => {
      ended.set(answer.id, performance.now());
      post(answer);
    };
    // the worker's own listener is the first and has answered when this one is called
    addEventListener(
      'message',
      ({ data, timeStamp }: MessageEvent<{ id: number; deed: string }>) => {
        const end = ended.get(data.id);
        if (end !== undefined) asked[data.deed] = [...(asked[data.deed] ?? []), end - timeStamp];
      },
    );
    Object.assign(globalThis, { postMessage: tell, __asked: asked });
  });
}

function heard(page: Page): Promise<Asked> {
  const ours = page.workers().find((worker) => /\/worker[.-]/.test(worker.url()))!;
  return ours.evaluate(() => (globalThis as unknown as { __asked: Asked }).__asked);
}

const percentile = (times: number[], share: number) =>
  times.toSorted((one, other) => one - other)[Math.floor(share * (times.length - 1))] ?? 0;

test.skipIf(CELLS === 0)('a vertex is dragged smoothly', { timeout: 600_000 }, async () => {
  const file = join(folder, 'cells.geojson');
  await writeFile(file, city(CELLS));
  const page = await visit(browser, { language: 'en' });
  page.setDefaultTimeout(OPENED_MS);
  await signIn(page, here('url'), here('password'), { hash: '#/grid' });
  await page.setInputFiles('[data-test=file]', file);
  await page.click('[data-test=repair]:not(:disabled)');
  await page.click('[data-test=to-editor]');
  await page.waitForSelector('[data-tool=select]');
  await drawn(page);
  await page.keyboard.press('e');
  const columns = Math.ceil(Math.sqrt(CELLS));
  const middle: Place = [120 + 0.001 * (columns / 2), 32 + 0.001 * (columns / 2)];
  await page.evaluate((center) => window.__gridMap.jumpTo({ center, zoom: 17 }), middle);
  await page.waitForFunction(
    () => window.__gridMap.queryRenderedFeatures({ layers: ['handles'] }).length > 0,
  );
  const vertex = await page.evaluate((center) => {
    const map = window.__gridMap;
    const handles = map.queryRenderedFeatures({ layers: ['handles'] });
    const off = ([lon, lat]: number[]) => Math.hypot(lon! - center[0], lat! - center[1]);
    const places = handles.map(({ geometry }) => (geometry as GeoJSON.Point).coordinates as Place);
    return places.toSorted((one, other) => off(one) - off(other))[0]!;
  }, middle);
  await drawn(page);
  const { x, y } = await onScreen(page, vertex);
  await page.mouse.move(x, y);
  await page.waitForFunction(
    () => document.querySelector<HTMLElement>('[data-test=rests]')?.dataset.on === 'vertex',
  );
  await listen(page);
  const cdp = await page.context().newCDPSession(page);
  await cdp.send('Performance.enable');
  const scripted = async () => {
    const { metrics } = await cdp.send('Performance.getMetrics');
    return 1000 * (metrics.find(({ name }) => name === 'ScriptDuration')?.value ?? 0);
  };
  const before = await scripted();
  await page.mouse.down();
  for (let move = 1; move <= MOVES; move += 1) {
    const turn = (2 * Math.PI * move) / MOVES;
    await page.mouse.move(x + 8 * Math.sin(turn), y + 8 * (1 - Math.cos(turn)));
    await page.waitForTimeout(20);
  }
  const inPage = ((await scripted()) - before) / MOVES;
  await page.mouse.up();
  await stepped(page, 1);
  const { plan = [], points = [] } = await heard(page);
  // both are asked for every place that the pointer is followed to
  const each = plan.map((ms, index) => ms + (points[index] ?? 0));
  console.log(
    `${CELLS} cells: ${each.length} of ${MOVES} moves followed; the partition's work for one: ` +
      `median ${percentile(each, 0.5).toFixed(1)} ms, p95 ${percentile(each, 0.95).toFixed(1)} ms; ` +
      `scripts of the page, the map's own drawing among them: ${inPage.toFixed(1)} ms a move`,
  );
  expect(each.length).toBeGreaterThan(MOVES / 4);
  expect(percentile(each, 0.95)).toBeLessThan(OWN_WORK_MS);
  await page.context().close();
});
