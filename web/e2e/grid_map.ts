import type { Page } from 'playwright-core';

export type Place = [number, number];

declare global {
  interface Window {
    /** Only with `?test` in the address. */
    __gridMap: Window['__cityward']['map'];
  }
}

export async function drawn(page: Page): Promise<void> {
  await page.waitForFunction(() => window.__gridMap?.loaded());
}

/** Where on the screen a place is. */
export async function onScreen(page: Page, place: Place): Promise<{ x: number; y: number }> {
  return page.evaluate((at) => {
    const { left, top } = window.__gridMap.getContainer().getBoundingClientRect();
    const { x, y } = window.__gridMap.project(at);
    return { x: left + x, y: top + y };
  }, place);
}

export async function click(page: Page, place: Place, shift = false): Promise<void> {
  const { x, y } = await onScreen(page, place);
  await page.mouse.move(x, y);
  if (shift) await page.keyboard.down('Shift');
  await page.mouse.click(x, y);
  if (shift) await page.keyboard.up('Shift');
}

/** A place inside a cell, once the map shows it. */
export async function inside(page: Page, label: string): Promise<Place> {
  const found = await page.waitForFunction((name) => {
    const cells = window.__gridMap.queryRenderedFeatures({ layers: ['faces-fill'] });
    return cells.find(({ properties }) => properties.label === name)?.properties.at;
  }, label);
  return (await found.jsonValue()) as Place;
}

/** Until the history has so many steps and the map shows them. */
export async function stepped(page: Page, count: number): Promise<void> {
  await page.waitForFunction(
    (wanted) => document.querySelectorAll('[data-test=history] li').length === wanted + 1,
    count,
  );
  await drawn(page);
}
