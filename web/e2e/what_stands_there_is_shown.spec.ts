import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launch, signIn, visit } from './browser';
import { here } from './here';
import { Street } from './street';

const CAMERA = 'E2E-BACKGROUND';
/** One every ten seconds is taken in, and so many make a background. */
const EVERY_MS = 10_000;
const NEEDED = 35;

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
  const began = Date.now() - 2 * NEEDED * EVERY_MS;
  const { image } = await street.push(CAMERA, jpeg, true, new Date(began - EVERY_MS));
  await street.camera(CAMERA, at, image);
  const corners = [
    [0.2, 0.6],
    [0.8, 0.6],
    [0.8, 0.95],
    [0.2, 0.95],
  ];
  await street.ask(`/api/v1/cameras/${CAMERA}/zones`, 'PUT', {
    zones: [{ kind: 'pavement', corners }],
  });
  for (let n = 0; n < NEEDED; n++) {
    await street.push(CAMERA, jpeg, true, new Date(began + n * EVERY_MS));
  }
  page = await visit(browser, { language: 'en' });
  await signIn(page, here('url'), here('password'), { hash: `#/map?camera=${CAMERA}` });
});
afterAll(() => browser?.close());

interface Background {
  phase: string;
  reference: { origin: string };
}

test('the page of a camera shows its background, and an administrator sets the reference', async () => {
  const section = page.locator('[data-test="background"]');
  await section.getByText('Ready').waitFor();
  for (const name of ['Background now', 'Reference']) {
    const picture = section.getByRole('img', { name });
    await expect
      .poll(() => picture.evaluate((img) => (img as HTMLImageElement).naturalWidth))
      .toBe(480);
  }
  await section.getByText('The first background').waitFor();
  await section.getByText('Nothing', { exact: true }).waitFor();
  await section.getByRole('button', { name: 'Take the background for the reference' }).click();
  await section.getByText('Are you sure?').waitFor();
  await section.getByRole('button', { name: 'Take the background for the reference' }).click();
  await section.getByText('Set by an administrator').waitFor();
  const kept = await street.ask<Background>(`/api/v1/cameras/${CAMERA}/background`);
  expect([kept.phase, kept.reference.origin]).toEqual(['ready', 'person']);
});
