import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { VectorTile } from '@mapbox/vector-tile';
import { Ajv } from 'ajv';
import { PbfReader } from 'pbf';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launch, mapIsDrawn, signIn, visit } from './browser';
import { here } from './here';

let browser: Browser;
let page: Page;

beforeAll(async () => {
  browser = await launch();
  page = await visit(browser);
  await signIn(page, here('url'), here('password'));
  await mapIsDrawn(page);
});
afterAll(() => browser?.close());

async function json<T>(path: string): Promise<T> {
  return page.evaluate(async (path) => (await fetch(path)).json(), path) as Promise<T>;
}

/** A tile's bytes, as the browser gets them with the person's session. */
async function tile(path: string): Promise<Uint8Array> {
  const bytes = await page.evaluate(async (path) => {
    const answer = await fetch(path);
    return [...new Uint8Array(await answer.arrayBuffer())];
  }, path);
  return new Uint8Array(bytes);
}

test('every layer is described as TileJSON 3 says, alone and together', async () => {
  const { layers } = await json<{ layers: { name: string; tilejson: string }[] }>('/tiles');
  const together = layers.map(({ name }) => name).join(',');
  const documents = await Promise.all(
    [...layers.map(({ tilejson }) => tilejson), `/tiles/${together}`].map((path) =>
      json<{ tilejson: string; tiles: string[]; vector_layers: { id: string }[] }>(path),
    ),
  );
  const schemaFile = join(process.env.CITYWARD_DATA ?? '', 'fixtures/tilejson-3.0.0-schema.json');
  if (existsSync(schemaFile)) {
    const valid = new Ajv({ strict: false }).compile(JSON.parse(readFileSync(schemaFile, 'utf8')));
    for (const document of documents)
      expect(valid(document), JSON.stringify(valid.errors)).toBe(true);
  } else {
    console.log('CITYWARD_DATA is not set: TileJSON is not checked against its schema');
  }
  expect(documents.at(-1)!.vector_layers.length).toBe(
    documents.slice(0, -1).reduce((sum, { vector_layers }) => sum + vector_layers.length, 0),
  );
});

test('vector-tile and MapLibre read the same components off a tile', async () => {
  const { z, x, y } = await page.evaluate(async () => {
    const { map } = window.__cityward;
    map.jumpTo({ zoom: 17 });
    await map.once('idle');
    const { lng, lat } = map.getCenter();
    const z = 16;
    const x = Math.floor(((lng + 180) / 360) * 2 ** z);
    const rad = (lat * Math.PI) / 180;
    const y = Math.floor(((1 - Math.asinh(Math.tan(rad)) / Math.PI) / 2) * 2 ** z);
    return { z, x, y };
  });
  const decoded = new VectorTile(new PbfReader(await tile(`/tiles/components/${z}/${x}/${y}`)));
  const layer = decoded.layers.components!;
  expect(layer.length).toBeGreaterThan(0);
  const ids: number[] = [];
  for (let i = 0; i < layer.length; i += 1) {
    const feature = layer.feature(i);
    ids.push(feature.id!);
    expect(Object.keys(feature.properties).sort()).toEqual(['class', 'state']);
    const at = feature.loadGeometry()[0]![0]!;
    for (const offset of [at.x, at.y]) {
      expect(offset).toBeGreaterThanOrEqual(-64);
      expect(offset).toBeLessThanOrEqual(4096 + 64);
    }
  }
  // MapLibre has them with the same ids, as soon as it has drawn
  await page.waitForFunction((ids) => {
    const drawn = window.__cityward.map
      .querySourceFeatures('components', { sourceLayer: 'components' })
      .map(({ id }) => Number(id));
    return ids.some((id) => drawn.includes(id));
  }, ids);
});
