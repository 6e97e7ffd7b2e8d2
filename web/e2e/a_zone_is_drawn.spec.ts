import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launch, signIn, visit } from './browser';
import { here } from './here';
import { Street } from './street';

const CAMERA = 'E2E-ZONES';
let browser: Browser;
let street: Street;
let page: Page;

beforeAll(async () => {
  browser = await launch();
  street = await Street.open(here('url'), here('password'));
  const at = { lon: 119.921, lat: 32.451 };
  await street.camera(CAMERA, at);
  const frames = here('frames');
  const name = (await readdir(frames)).find((file) => file.endsWith('.jpg'));
  const jpeg = await readFile(join(frames, name!));
  const { image } = await street.push(CAMERA, jpeg, true);
  await street.camera(CAMERA, at, image);
  await street.push(CAMERA, jpeg, true);
  page = await visit(browser, { language: 'en' });
  await signIn(page, here('url'), here('password'), { hash: `#/map?camera=${CAMERA}` });
});
afterAll(() => browser?.close());

interface Zones {
  zones: { kind: string; corners: [number, number][]; hours: { days: number[] } | null }[];
}
const kept = () => street.ask<Zones>(`/api/v1/cameras/${CAMERA}/zones`);

/** Presses a key so many times. */
async function press(key: string, times: number): Promise<void> {
  for (let i = 0; i < times; i++) await page.keyboard.press(key);
}

test('an administrator draws a zone on the picture with keys alone', async () => {
  await page.getByRole('button', { name: 'Draw a zone' }).press('Enter');
  // the picture has the focus; the first corner is where the cross stands
  const picture = page.locator('svg.drawing');
  await expect.poll(() => picture.evaluate((svg) => svg === document.activeElement)).toBe(true);
  await press('Enter', 1);
  await press('Shift+ArrowRight', 4);
  await press('Enter', 1);
  await press('Shift+ArrowDown', 3);
  await press('Enter', 1);
  await press('Shift+ArrowLeft', 2);
  await press('Enter', 1);
  await press('Backspace', 1);
  expect(await picture.locator('.corner').count()).toBe(3);
  await page.getByLabel('Kind').selectOption('keep_clear');
  await page.getByLabel('At certain hours').check();
  await page.getByLabel('Sun').uncheck();
  await page.getByRole('button', { name: 'Done' }).click();

  await expect.poll(async () => (await kept()).zones.length).toBe(1);
  const [zone] = (await kept()).zones;
  expect([zone!.kind, zone!.hours?.days]).toEqual(['keep_clear', [1, 2, 3, 4, 5, 6]]);
  const wanted = [0.5, 0.7, 0.7, 0.7, 0.7, 0.85];
  const drawn = zone!.corners.slice(0, 3).flat();
  for (const [i, value] of drawn.entries()) expect(value).toBeCloseTo(wanted[i]!, 2);
});

test('what crosses itself is refused in words, and a zone can be taken away', async () => {
  await page.getByRole('button', { name: 'Draw a zone' }).click();
  const picture = (await page.locator('svg.drawing').boundingBox())!;
  for (const [x, y] of [
    [0.2, 0.6],
    [0.5, 0.9],
    [0.5, 0.6],
    [0.2, 0.9],
  ] as const) {
    await page.mouse.click(picture.x + x * picture.width, picture.y + y * picture.height);
  }
  await page.getByRole('button', { name: 'Done' }).click();
  await page.getByText('its border must not cross itself').waitFor();
  await page.getByRole('button', { name: 'Cancel' }).click();
  await page.getByRole('button', { name: 'Remove Keep clear' }).click();
  await expect.poll(async () => (await kept()).zones.length).toBe(0);
});
