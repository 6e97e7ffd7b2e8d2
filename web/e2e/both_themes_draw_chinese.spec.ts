import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launch, mapIsDrawn, signIn, visit } from './browser';
import { here } from './here';

let browser: Browser;
beforeAll(async () => {
  browser = await launch();
});
afterAll(() => browser?.close());

const VIEW = '#/map?at=15.40/32.45000/119.92000';
const LABELS = ['street-label', 'cell-label', 'water-label', 'camera-label', 'case-label'];

/** The map's pixels, red channel, every other one, taken right after it drew. */
async function pixels(page: Page): Promise<number[]> {
  return page.evaluate(
    () =>
      new Promise<number[]>((resolve) => {
        const { map } = window.__cityward;
        map.once('render', () => {
          const source = map.getCanvas();
          const copy = document.createElement('canvas');
          copy.width = source.width;
          copy.height = source.height;
          const pen = copy.getContext('2d')!;
          pen.drawImage(source, 0, 0);
          const { data } = pen.getImageData(0, 0, copy.width, copy.height);
          resolve(Array.from({ length: data.length / 8 }, (_, i) => data[i * 8]!));
        });
        map.triggerRepaint();
      }),
  );
}

function deviation(values: number[]): number {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length);
}

test.each(['dark', 'light'] as const)('the %s map is drawn, with Chinese labels', async (theme) => {
  const page = await visit(browser, { theme });
  const fonts: string[] = [];
  page.on('request', (request) => {
    if (request.url().includes('noto-sans-sc')) fonts.push(request.url());
  });
  await signIn(page, here('url'), here('password'), { hash: VIEW });
  await mapIsDrawn(page);
  expect(await page.getAttribute('html', 'data-theme')).toBe(theme);

  const words = await page.evaluate(
    (layers) =>
      window.__cityward.map
        .queryRenderedFeatures({ layers })
        .map(({ properties }) => properties.name ?? properties.unit_zh ?? properties.label),
    LABELS,
  );
  expect(words.filter((word) => /\p{Script=Han}{2}/u.test(word)).length).toBeGreaterThan(3);
  expect(fonts.length, 'the labels came from our own font files').toBeGreaterThan(0);

  const labelled = await pixels(page);
  expect(deviation(labelled), 'the canvas is not blank').toBeGreaterThan(3);
  await page.evaluate((layers) => {
    for (const layer of layers) {
      window.__cityward.map.setLayoutProperty(layer, 'visibility', 'none');
    }
  }, LABELS);
  await mapIsDrawn(page);
  const bare = await pixels(page);
  const inked = labelled.filter((value, i) => Math.abs(value - bare[i]!) > 24).length;
  expect(inked, 'pixels that only labels draw').toBeGreaterThan(300);
  await page.context().close();
});
