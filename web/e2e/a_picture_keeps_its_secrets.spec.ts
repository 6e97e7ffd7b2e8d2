import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launch, signIn, visit } from './browser';
import { here } from './here';
import { type Incident, incidents, Street } from './street';

const CAMERA = 'E2E-MASKS';
const PLACE = { lon: 119.9225, lat: 32.4525 };
/** No class asks for more frames than this before a case is filed. */
const FRAMES_MAX = 6;
/** Of rendered scenes, until one has something in it that is made unrecognisable. */
const SCENES = 4;

interface Detail {
  evidence: { id: number; original: string | null }[];
  original_accesses: { purpose: string; person: string }[];
}

let browser: Browser;
let street: Street;
let found: Incident[];

beforeAll(async () => {
  browser = await launch();
  street = await Street.open(here('url'), here('password'));
  await street.camera('E2E-SCOUT-2', { lon: 119.92, lat: 32.45 });
  found = await incidents(street, here('frames'), 'E2E-SCOUT-2', SCENES);
});
afterAll(() => browser?.close());

/** Presses a key so many times. */
async function press(page: Page, key: string, times: number): Promise<void> {
  for (let i = 0; i < times; i++) await page.keyboard.press(key);
}

/** The first case whose picture hides something. */
async function hiding(): Promise<number> {
  for (const [nth, { jpeg, image }] of found.entries()) {
    const camera = `E2E-SECRET-${nth}`;
    await street.camera(camera, { lon: PLACE.lon + nth * 0.003, lat: PLACE.lat }, image);
    for (let frame = 0; frame < FRAMES_MAX; frame += 1) {
      const { detections } = await street.push(camera, jpeg, true);
      const id = detections.find((each) => each.case_id !== null)?.case_id;
      if (!id) continue;
      const originals = async () => {
        const { evidence } = await street.ask<Detail>(`/api/v1/cases/${id}`);
        return evidence.map((each) => each.original);
      };
      // the case is there before its picture is fit to be seen
      await expect.poll(originals, { timeout: 20_000 }).not.toContain('waiting');
      if ((await originals()).includes('kept')) return id;
      break;
    }
  }
  throw new Error(`nothing was made unrecognisable in ${found.length} scenes`);
}

test('an original is shown for a purpose, and the history says so', async () => {
  const id = await hiding();
  const login = `officer-${Date.now()}`;
  const made = await street.ask<{ person: { id: number }; password: string }>(
    '/api/v1/people',
    'POST',
    { login, name: '林数据' },
  );
  await street.ask(`/api/v1/people/${made.person.id}/grants`, 'POST', { role: 'data_officer' });
  const page = await visit(browser, { language: 'en' });
  await signIn(page, here('url'), made.password, { login, hash: `#/case/${id}` });
  await page.getByRole('button', { name: 'Show original' }).click();
  const dialog = page.getByRole('dialog', { name: 'Original picture' });
  await dialog.getByRole('button', { name: 'Record and show' }).click();
  expect(await dialog.locator('[data-test=original]').count(), 'a purpose is needed').toBe(0);
  await dialog.getByLabel('Purpose').fill('Plate of the lorry, fine 2026-118');
  await page.keyboard.press('Enter');
  const original = dialog.locator('[data-test=original]');
  await original.waitFor();
  await expect
    .poll(() => original.evaluate((img: HTMLImageElement) => img.naturalWidth))
    .toBeGreaterThan(100);
  await dialog.getByRole('button', { name: 'Close' }).click();
  const look = page.locator('[data-test=look]');
  await look.waitFor();
  const told = await look.textContent();
  expect(told).toContain('林数据');
  expect(told).toContain('Plate of the lorry, fine 2026-118');
  const { original_accesses } = await street.ask<Detail>(`/api/v1/cases/${id}`);
  expect(original_accesses.map((each) => each.purpose)).toEqual([
    'Plate of the lorry, fine 2026-118',
  ]);
  // whoever keeps the people sees the case, and no button
  const other = await visit(browser, { language: 'zh' });
  await signIn(other, here('url'), here('password'), { hash: `#/case/${id}` });
  await other.getByText('人脸和号牌已模糊').waitFor();
  expect(await other.getByRole('button', { name: '看原图' }).count()).toBe(0);
});

test('an administrator masks a part of the picture with keys alone', async () => {
  const { jpeg } = found[0]!;
  await street.camera(CAMERA, PLACE);
  await street.push(CAMERA, jpeg, true);
  const kept = () =>
    street.ask<{ masks: { corners: [number, number][] }[] }>(`/api/v1/cameras/${CAMERA}/masks`);
  const page = await visit(browser, { language: 'en' });
  await signIn(page, here('url'), here('password'), { hash: `#/map?camera=${CAMERA}` });
  await page.getByRole('button', { name: 'Draw a mask' }).press('Enter');
  const picture = page.locator('svg.drawing');
  await expect.poll(() => picture.evaluate((svg) => svg === document.activeElement)).toBe(true);
  await press(page, 'Enter', 1);
  await press(page, 'Shift+ArrowRight', 4);
  await press(page, 'Enter', 1);
  await press(page, 'Shift+ArrowDown', 3);
  await press(page, 'Enter', 1);
  await press(page, 'Shift+ArrowLeft', 2);
  await press(page, 'Enter', 1);
  await press(page, 'Backspace', 1);
  expect(await picture.locator('.corner').count()).toBe(3);
  await page.getByRole('button', { name: 'Mask it' }).click();
  await expect.poll(async () => (await kept()).masks.length).toBe(1);
  const wanted = [0.5, 0.7, 0.7, 0.7, 0.7, 0.85];
  for (const [i, value] of (await kept()).masks[0]!.corners.flat().entries()) {
    expect(value).toBeCloseTo(wanted[i]!, 2);
  }
  await page.getByRole('button', { name: 'Remove mask 1' }).click();
  await expect.poll(async () => (await kept()).masks.length).toBe(0);
});
