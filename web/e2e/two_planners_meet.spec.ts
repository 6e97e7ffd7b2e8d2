import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { asked } from './ask';
import { barriers } from './barriers';
import { type Looks, launch, signIn, visit } from './browser';
import { here } from './here';

let browser: Browser;
beforeAll(async () => {
  browser = await launch();
});
afterAll(() => browser?.close());

const url = here('url');
const staff = (login: string) => ({ login, password: here('staffPassword') });
const shots = process.env.CITYWARD_PICTURES;

async function shot(page: Page, name: string): Promise<void> {
  if (shots) await page.screenshot({ path: `${shots}/${name}.png` });
}

interface Head {
  faces: { face: number; unit_id: number | null }[];
  units: { id: number }[];
}

type Ask = <R>(path: string, method?: string, body?: unknown) => Promise<R>;

/** A plan that gives some cells to a unit; its id. */
async function planned(ask: Ask, title: string, faces: number[], owner: number): Promise<number> {
  const { id, version } = await ask<{ id: number; version: number }>('/api/v1/plans', 'POST', {
    title,
    reason: title,
  });
  const operation = { set_owner: { faces, owner } };
  await ask(`/api/v1/plans/${id}/steps`, 'POST', { version, operation });
  return id;
}

const versionOf = async (ask: Ask, plan: number) =>
  (await ask<{ version: number }>(`/api/v1/plans/${plan}`)).version;

async function arrive(login: string, hash: string, looks: Looks = {}): Promise<Page> {
  const page = await visit(browser, looks);
  await signIn(page, url, here('staffPassword'), { login, hash });
  return page;
}

test('two planners at the same cells see each other, and when the ground moved each cell is decided', async () => {
  const made = await asked(url, staff('planner'), async (ask) => {
    const { faces, units } = await ask<Head>('/api/v1/partition');
    // three cells of one unit, and two units that do not have them
    const first = faces.find(({ unit_id }) => unit_id !== null)!;
    const same = faces.filter(({ unit_id }) => unit_id === first.unit_id).slice(0, 3);
    expect(same.length).toBe(3);
    const [mine, theirs] = units.map(({ id }) => id).filter((id) => id !== first.unit_id);
    const [one, two, three] = same.map(({ face }) => face);
    return {
      one: one!,
      two: two!,
      mine: mine!,
      theirs: theirs!,
      plan: await planned(ask, '我的调整', [one!, two!], mine!),
      other: await planned(ask, '另一个调整', [one!, three!], theirs!),
    };
  });

  const page = await arrive('planner', `#/grid/plans/${made.plan}`);
  await page.waitForFunction(() => window.__gridMap?.loaded());
  const company = page.locator('[data-test=company]');
  await company.locator('a', { hasText: '另一个调整' }).waitFor();
  expect(await company.textContent()).toContain('1 个网格');

  // somebody else opens the same plan
  const leader = await arrive('leader', `#/grid/plans/${made.plan}`, {
    language: 'en',
    theme: 'light',
  });
  await leader.waitForFunction(() => window.__gridMap?.loaded());
  await company.locator('.tag', { hasText: '也在这个方案里' }).waitFor();
  await shot(page, 'company-zh-dark');
  await leader.locator('[data-test=company] .tag', { hasText: 'is at this plan too' }).waitFor();
  await shot(leader, 'company-en-light');
  expect(await barriers(page)).toEqual([]);

  // the other plan is in force
  await asked(url, staff('planner'), async (ask) => {
    await ask(`/api/v1/plans/${made.other}/submit`, 'POST', {
      version: await versionOf(ask, made.other),
    });
  });
  await asked(url, staff('leader'), async (ask) => {
    await ask(`/api/v1/plans/${made.other}/approve`, 'POST', {
      version: await versionOf(ask, made.other),
    });
  });
  await leader.context().close();
  await page.reload();
  await page.click('[data-test=rebase]');
  await page.waitForSelector('[data-test=counts]');
  expect(await page.textContent('[data-test=counts]')).toContain('1 处冲突');
  const conflict = page.locator(`[data-test=touched][data-face="${made.one}"]`);
  expect(await conflict.locator('svg').count()).toBe(3);
  expect(await page.locator('[data-test=touched]').count()).toBe(2);
  await shot(page, 'three-way-zh-dark');
  expect(await barriers(page)).toEqual([]);

  // by keyboard: from merged to theirs
  await conflict.locator('input[value=merged]').focus();
  await page.keyboard.press('ArrowRight');
  await page.waitForSelector(`[data-face="${made.one}"] .taken input[value=theirs]`);
  await shot(page, 'three-way-chosen');
  await page.click('[data-test=apply]');
  await page.waitForSelector('[data-tool=select]');
  expect(await page.locator('[data-test=rebase]').count()).toBe(0);
  await page.waitForFunction(() => window.__gridMap?.loaded());

  const after = await asked(url, staff('planner'), (ask) =>
    ask<GeoJSON.FeatureCollection>(`/api/v1/plans/${made.plan}/difference`),
  );
  const changed = after.features.map(({ properties }) => [
    properties!.to_face,
    properties!.to_unit,
  ]);
  expect(changed, 'the cell that was decided for theirs is left alone').toEqual([
    [made.two, made.mine],
  ]);
  await asked(url, staff('planner'), async (ask) => {
    const version = await versionOf(ask, made.plan);
    await ask(`/api/v1/plans/${made.plan}/withdraw`, 'POST', { version, reason: 'e2e' });
  });
  await page.context().close();
});
