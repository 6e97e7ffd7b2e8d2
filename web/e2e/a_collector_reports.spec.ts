import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launch, mapIsDrawn } from './browser';
import { caseRow, pictures, Worker } from './work';

let browser: Browser;
/** What the first test reported. */
let reportedCase: number;
beforeAll(async () => {
  browser = await launch();
});
afterAll(() => browser?.close());

test('a collector reports from the street with a phone, and the operator has the case', async () => {
  const phoneAt = { lon: 119.9265, lat: 32.4535 };
  const collector = await Worker.arrive(browser, 'collector', { phoneAt });
  const { page } = collector;
  await page.evaluate(() => {
    location.hash = '#/field?tab=report';
  });
  await page.waitForSelector('[data-test=report]');
  // what is missing is said, and nothing is sent
  await page.click('[data-test=submit]');
  await page.locator('[data-test=report] [role=alert]').waitFor();

  await page.setInputFiles('#report-photos', await pictures(2));
  await page.waitForFunction(
    () => document.querySelectorAll('[data-test=report] li img').length === 2,
  );
  await page.fill('[data-test=report] [role=combobox]', '暴露垃圾');
  await page.locator('[data-test=report] [role=option]').first().click();
  await page.click('[data-test=report] .part .big');
  await page.getByText('32.453500, 119.926500').waitFor();
  await page.fill('textarea[name=text]', '人行道上成堆的垃圾');
  await page.fill('input[name=place]', '公交站台旁');
  await page.click('[data-test=submit]');
  const done = page.locator('[data-test=reported]');
  await done.or(page.locator('[data-test=report] [role=alert]')).first().waitFor();
  const caseId = Number(/#(\d+)/.exec((await done.textContent())!)![1]);
  reportedCase = caseId;
  const row = await caseRow(caseId);
  expect(row.lon).toBeCloseTo(phoneAt.lon, 5);
  expect(row.lat).toBeCloseTo(phoneAt.lat, 5);
  await collector.leave();

  const operator = await Worker.arrive(browser, 'operator');
  await operator.open('operator', caseId);
  await operator.page.getByText('人行道上成堆的垃圾').first().waitFor();
  await operator.sees('reported');
  await operator.leave();
});

/** States and places of those on duty that the map draws. */
const onDuty = (page: Page) =>
  page.evaluate(() => {
    const found = window.__cityward.map.queryRenderedFeatures({ layers: ['collector'] });
    return found.map(({ geometry, properties }) => {
      const [lon, lat] = (geometry as GeoJSON.Point).coordinates as [number, number];
      return { state: properties.state as string, lon, lat };
    });
  });

test('R17.3 who is on duty is on the map of whoever sends them, and moves without a reload', async () => {
  const at = { lon: 119.9265, lat: 32.4535 };
  const collector = await Worker.arrive(browser, 'collector', { phoneAt: at });
  await collector.page.evaluate(() => {
    location.hash = '#/field';
  });
  const dispatcher = await Worker.arrive(browser, 'dispatcher');
  const { page } = dispatcher;
  await page.evaluate(() => {
    location.hash = '#/map?at=16.00/32.45350/119.92650';
  });
  await mapIsDrawn(page);
  expect(await onDuty(page)).toEqual([]);

  await collector.page.waitForSelector('[data-test=duty][data-state=off]');
  await collector.page.click('[data-test=duty] [role=switch]');
  await collector.page.waitForSelector('[data-test=duty][data-state=on]');
  const shown = async () => (await onDuty(page))[0];
  await expect.poll(shown, { timeout: 3_000 }).toMatchObject({
    state: 'present',
    lon: expect.closeTo(at.lon, 4),
    lat: expect.closeTo(at.lat, 4),
  });

  const next = { longitude: at.lon + 0.002, latitude: at.lat };
  await collector.page.context().setGeolocation({ ...next, accuracy: 8 });
  await expect
    .poll(shown, { timeout: 20_000 })
    .toMatchObject({ lon: expect.closeTo(next.longitude, 4) });

  const place = await page.evaluate(
    ([lon, lat]) => {
      const { map } = window.__cityward;
      const { left, top } = map.getCanvas().getBoundingClientRect();
      const { x, y } = map.project([lon!, lat!]);
      return { x: left + x, y: top + y };
    },
    [next.longitude, next.latitude],
  );
  const card = page.locator('[data-test=collector]');
  // what the map knows may not be drawn yet
  const cardAfterClick = async () => {
    await page.mouse.click(place.x, place.y);
    return card.getByText('在岗 · ').isVisible();
  };
  await expect.poll(cardAfterClick, { timeout: 20_000, interval: 1_000 }).toBe(true);

  // R14.1: whoever chooses somebody to look is shown who is near
  const operator = await Worker.arrive(browser, 'operator');
  await operator.open('operator', reportedCase);
  await operator.page.click('[data-edit=send_to_verify]');
  const first = operator.page.locator('#f-send_to_verify-assignee_id option:nth-child(2)');
  await expect.poll(() => first.textContent()).toMatch(/\(collector\) · 1[89]0 米$/);
  await operator.leave();

  await collector.page.click('[data-test=duty] [role=switch]');
  await collector.page.waitForSelector('[data-test=duty][data-state=off]');
  await expect.poll(() => onDuty(page), { timeout: 5_000 }).toEqual([]);
  await collector.leave();
  await dispatcher.leave();
});
