import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launch, mapIsDrawn, signIn, visit } from './browser';
import { freePort, type Program, start, stop } from './program';

/** How many components the city gets; a million takes minutes, so nobody waits for it unasked. */
const COMPONENTS = Number(process.env.CITYWARD_COMPONENTS ?? 0);
/** Where pictures go for somebody to look at. */
const PICTURES = process.env.CITYWARD_PICTURES;
/** Of a map's pixels, at most so many may be bare ground that were not before. */
const BARE_MAX = 0.02;
/** After the map was moved, until nothing is missing. */
const WHOLE_WITHIN_MS = 1_000;

let browser: Browser;
let dataDir: string;
let program: Program;

async function sql(text: string): Promise<void> {
  const socket = join(dataDir, 'pg');
  const args = ['-h', socket, '-U', 'cityward', '-q', '-v', 'ON_ERROR_STOP=1', '-c', text];
  await promisify(execFile)('psql', args);
}

beforeAll(async () => {
  if (COMPONENTS === 0) return;
  browser = await launch();
  dataDir = await mkdtemp(join(tmpdir(), 'cityward-million-'));
  program = await start(['demo', '--period-s', '3600'], { dataDir, port: await freePort() });
  // clusters of some hundred metres, as a city has them, around the demo city
  await sql(`insert into component (class_code, name, state, geom, source)
    select (array(select code from class where code ~ '^C' order by code))[1 + n * 7919 % 60],
      (array['', '东门', '西门', '路灯', '井盖', '公交站'])[1 + n % 6],
      (array['good', 'good', 'good', 'good', 'damaged', 'missing'])[1 + n * 31 % 6]::component_state,
      st_setsrid(st_makepoint(
        119.64 + (hashint8extended(n / 900, 1) & 65535) / 65536.0 * 0.56 + (random() + random() - 1) * 0.006,
        32.22 + (hashint8extended(n / 900, 2) & 65535) / 65536.0 * 0.46 + (random() + random() - 1) * 0.005), 4326),
      'bench'
    from generate_series(1, ${COMPONENTS}::bigint) as n`);
}, 900_000);
afterAll(async () => {
  await browser?.close();
  if (program) await stop(program);
  if (dataDir) await rm(dataDir, { recursive: true, force: true });
});

async function shown(page: Page): Promise<number> {
  return page.evaluate(() => {
    const { map } = window.__cityward;
    const layers = map.getStyle().layers.filter((layer) => layer.id.startsWith('component'));
    return map.queryRenderedFeatures({ layers: layers.map((layer) => layer.id) }).length;
  });
}

/** Opens a view and waits until all of it is there. */
async function look(page: Page, zoom: number, lat = 32.45, lon = 119.92): Promise<void> {
  await page.evaluate(
    ([zoom, lat, lon]) => window.__cityward.map.jumpTo({ center: [lon!, lat!], zoom: zoom! }),
    [zoom, lat, lon],
  );
  await mapIsDrawn(page);
}

/** The share of pixels in the colour of bare ground, in every frame the map draws from now on. */
async function trace(page: Page): Promise<void> {
  await page.evaluate(() => {
    const { map } = window.__cityward;
    const bare = map.getPaintProperty('land', 'background-color');
    const pen = document.createElement('canvas').getContext('2d', { willReadFrequently: true })!;
    const probe = document.createElement('canvas').getContext('2d')!;
    probe.fillStyle = String(bare);
    probe.fillRect(0, 0, 1, 1);
    const [r, g, b] = probe.getImageData(0, 0, 1, 1).data;
    const seen: [number, number][] = [];
    Object.assign(window, { __bare: seen });
    map.on('render', () => {
      const source = map.getCanvas();
      const [width, height] = [Math.ceil(source.width / 4), Math.ceil(source.height / 4)];
      Object.assign(pen.canvas, { width, height });
      pen.imageSmoothingEnabled = false;
      pen.drawImage(source, 0, 0, width, height);
      const { data } = pen.getImageData(0, 0, width, height);
      let count = 0;
      for (let i = 0; i < data.length; i += 4) {
        if (data[i] === r && data[i + 1] === g && data[i + 2] === b) count++;
      }
      seen.push([performance.now(), count / (width * height)]);
    });
  });
}
const traced = (page: Page): Promise<[number, number][]> =>
  page.evaluate(() => (window as unknown as { __bare: [number, number][] }).__bare.splice(0));

test.skipIf(COMPONENTS === 0)('every zoom shows them, in both themes', async () => {
  for (const theme of ['dark', 'light'] as const) {
    const page = await visit(browser, { theme });
    await signIn(page, program.url, program.password!, {
      hash: '#/map?at=14.00/32.45000/119.92000',
    });
    await mapIsDrawn(page);
    await page
      .getByRole('button', { name: '图例' })
      .click()
      .catch(() => undefined);
    for (const zoom of [8, 11, 14, 16]) {
      await look(page, zoom);
      await expect.poll(() => shown(page), { timeout: 60_000 }).toBeGreaterThan(0);
      await mapIsDrawn(page);
      if (PICTURES) {
        await mkdir(PICTURES, { recursive: true });
        await page.screenshot({ path: join(PICTURES, `million-${theme}-z${zoom}.png`) });
      }
    }
    await page.context().close();
  }
});

test.skipIf(COMPONENTS === 0)(
  'nothing flickers while they change, and a move is whole in time',
  async () => {
    const page = await visit(browser);
    await signIn(page, program.url, program.password!, {
      hash: '#/map?at=15.00/32.45000/119.92000',
    });
    await mapIsDrawn(page);
    await look(page, 15);
    await trace(page);
    await page.evaluate(() => window.__cityward.map.triggerRepaint());
    await expect.poll(async () => (await traced(page)).at(-1)?.[1] ?? 1).toBeLessThan(1);
    const [, still] = (await settle(page)).at(-1)!;
    for (let round = 0; round < 20; round++) {
      await sql(`update component set state = (case state when 'good' then 'damaged' else 'good' end)::component_state
      where component_id in (select component_id from component
        where geom && st_makeenvelope(119.91, 32.44, 119.93, 32.46, 4326) limit 50)`);
      await new Promise((resolve) => setTimeout(resolve, 250));
    }
    const during = await settle(page);
    expect(during.length, 'the map drew what changed').toBeGreaterThan(5);
    const barest = Math.max(...during.map(([, share]) => share));
    console.log(
      `bare ground: ${still.toFixed(4)} at rest, at most ${barest.toFixed(4)} while 1,000 rows changed`,
    );
    expect(barest - still).toBeLessThan(BARE_MAX);

    // a screen to the east
    const began = await page.evaluate(() => {
      const { map } = window.__cityward;
      map.panBy([map.getCanvas().clientWidth * 0.8, 0], { duration: 0 });
      return performance.now();
    });
    const after = await settle(page);
    const rest = after.at(-1)![1];
    const whole = after.find(([, share]) => share - rest < BARE_MAX)![0] - began;
    const last = after.filter(([, share]) => share - rest >= BARE_MAX).at(-1);
    console.log(
      `after a move of most of a screen: whole after ${(last ? last[0] - began : whole).toFixed(0)} ms`,
    );
    expect(last ? last[0] - began : 0).toBeLessThan(WHOLE_WITHIN_MS);
  },
);

/** What was traced until the map rests. */
async function settle(page: Page): Promise<[number, number][]> {
  await mapIsDrawn(page);
  await page.evaluate(() => window.__cityward.map.triggerRepaint());
  await new Promise((resolve) => setTimeout(resolve, 500));
  return traced(page);
}
