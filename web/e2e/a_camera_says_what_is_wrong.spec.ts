import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { CameraView } from '../src/api/types';
import { barriers } from './barriers';
import { launch, mapIsDrawn, signIn, visit } from './browser';
import { here } from './here';

let browser: Browser;
beforeAll(async () => {
  browser = await launch();
});
afterAll(() => browser?.close());

const WORDS = {
  zh: { moved: '视角偏移', offline: '离线', held: '重新标定之前', legend: '有异常的相机' },
  en: { moved: 'Moved', offline: 'Offline', held: 'opens no cases', legend: 'something wrong' },
};

test.each(['zh', 'en'] as const)(
  'what is wrong with a camera stands on its page and on the map (%s)',
  async (language) => {
    const words = WORDS[language];
    const page = await visit(browser, { language, theme: language === 'zh' ? 'dark' : 'light' });
    // whatever the city's cameras are like now: one has moved, one is silent, the others are well
    await page.route('**/api/v1/cameras', async (route) => {
      const answer = await route.fetch();
      const { cameras } = (await answer.json()) as { cameras: CameraView[] };
      const since = new Date(Date.now() - 3_600_000).toISOString();
      for (const [index, camera] of cameras.entries()) {
        const condition = (['moved', 'offline'] as const)[index];
        camera.conditions = condition ? [{ condition, since }] : [];
      }
      await route.fulfill({ response: answer, json: { cameras } });
    });
    await signIn(page, here('url'), here('password'), { hash: '#/cameras' });
    const ill = page.locator('main li.ill');
    await ill.first().waitFor();
    expect(await ill.count()).toBe(2);
    expect(await ill.first().textContent()).toContain(words.moved);
    expect(await ill.first().textContent()).toContain(words.held);
    expect(await ill.nth(1).textContent()).toContain(words.offline);
    expect(await barriers(page)).toEqual([]);

    await page.evaluate(() => {
      location.hash = '#/map';
    });
    await mapIsDrawn(page);
    const icons = await page.evaluate(() => {
      const { map } = window.__cityward;
      const drawn = map.queryRenderedFeatures({ layers: ['camera'] });
      return Object.fromEntries(drawn.map(({ properties }) => [properties.icon, properties.label]));
    });
    expect(Object.keys(icons).sort()).toEqual(['camera', 'camera-ill', 'camera-offline']);
    expect(icons['camera-ill']).toContain(words.moved);
    expect(icons['camera-offline']).toContain(words.offline);
    expect(await page.textContent('.legend')).toContain(words.legend);
    await page.context().close();
  },
);
