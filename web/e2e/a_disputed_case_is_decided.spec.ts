import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { asked } from './ask';
import { launch, signIn, visit } from './browser';
import { here } from './here';
import { incidents, Street } from './street';
import { Worker } from './work';

const password = here('staffPassword');
const url = here('url');
const OPINION = '双方各执一词，市中心协调不成。';
const DECISION = '该路段由供电公司施工后未恢复，由其负责。';

interface Unit {
  id: number;
  name_zh: string;
  name_en: string;
}

let browser: Browser;
let caseId: number;
/** A unit of the district, and one of the city: their dispute is the city centre's. */
let first: Unit;
let second: Unit;

/** Until a case is in, or out of, the list on a page that nobody reloads. */
const listed = ({ page }: Worker, yes = true) =>
  page.waitForSelector(`[data-test=rows] [data-case="${caseId}"]`, {
    state: yes ? 'visible' : 'detached',
  });

/** A case that a camera saw and the operator filed. */
async function filedCase(): Promise<number> {
  const street = await Street.open(url, here('password'));
  await street.camera('E2E-SCOUT-DISPUTE', { lon: 119.92, lat: 32.45 });
  const [incident] = await incidents(street, here('frames'), 'E2E-SCOUT-DISPUTE', 1);
  const where = { lon: 119.9265, lat: 32.4535 };
  await street.camera('E2E-DISPUTE', where, incident!.image);
  const began = Date.now() - 60_000;
  let found: number | null = null;
  for (let frame = 0; frame < 8 && found === null; frame += 1) {
    const seen = new Date(began + frame * 1000);
    const { detections } = await street.push('E2E-DISPUTE', incident!.jpeg, true, seen);
    found = detections.find(({ case_id }) => case_id !== null)?.case_id ?? null;
  }
  if (found === null) throw new Error('eight frames made no case');
  const id = found;
  await asked(url, { login: 'operator', password }, async (ask) => {
    const { version, class: code } = await ask<{ version: number; class: string }>(
      `/api/v1/cases/${id}`,
    );
    const { conditions } = await ask<{ conditions: { id: number; emergency: boolean }[] }>(
      `/api/v1/conditions?class=${code}`,
    );
    const ordinary = conditions.find(({ emergency }) => !emergency) ?? conditions[0]!;
    await ask(`/api/v1/cases/${id}/actions/file`, 'POST', { version, condition_id: ordinary.id });
  });
  return id;
}

beforeAll(async () => {
  browser = await launch();
  caseId = await filedCase();
  const units = await asked(url, { login: 'dispatcher', password }, async (ask) => {
    return (await ask<{ units: Unit[] }>('/api/v1/units')).units;
  });
  first = units.find(({ name_zh }) => name_zh.includes('街道办事处'))!;
  second = units.find(({ name_zh }) => name_zh.includes('供电'))!;
});
afterAll(() => browser?.close());

test('a disputed case goes from unit to city centre to committee, and the decision stands', async () => {
  const dispatcher = await Worker.arrive(browser, 'dispatcher');
  const unitOne = await Worker.arrive(browser, `unit-${first.id}`);
  await unitOne.page.waitForSelector('[data-test=rows]');
  await dispatcher.open('map', caseId);
  await dispatcher.act('dispatch', { units: { unit_id: first.name_zh } });
  await dispatcher.sees('dispatched');

  // The unit's list fills without a reload; it says that the case is not its own.
  await listed(unitOne);
  await unitOne.open('unit', caseId);
  await unitOne.act('dispute', {
    text: { reason: '不在我单位责任范围内。' },
    units: { proposed_unit_id: second.name_zh },
  });
  await unitOne.sees('disputed');

  // City centre: hears it, cannot settle it, sends it up with an opinion.
  await dispatcher.sees('disputed');
  const heard = dispatcher.page.locator('[data-test=dispute]');
  await heard.getByText(second.name_zh).waitFor();
  await dispatcher.act('escalate', { text: { opinion: OPINION } });

  const committee = await Worker.arrive(browser, 'committee', { language: 'en' });
  await listed(committee);
  await committee.open('committee', caseId);
  await committee.page.locator('[data-test=dispute]').getByText(OPINION).waitFor();
  await committee.act('reassign', {
    units: { unit_id: second.name_en },
    text: { reason: DECISION },
    tick: ['precedent'],
  });
  await committee.sees('dispatched');

  // The decision executes: the first unit is released, the second has it and cannot dispute again.
  await listed(unitOne, false);
  const unitTwo = await Worker.arrive(browser, `unit-${second.id}`);
  await listed(unitTwo);
  await unitTwo.open('unit', caseId);
  await unitTwo.page.click('[data-test=actions] summary');
  expect(await unitTwo.page.locator('[data-refused=dispute]').count()).toBe(1);
  // Without a network nothing is lost: it is sent once the network is back, and done once.
  await unitTwo.page.context().setOffline(true);
  await expect(unitTwo.act('receive')).rejects.toThrow('receive');
  await unitTwo.page.context().setOffline(false);
  await unitTwo.sees('handling');
  await unitTwo.page.getByText(DECISION).first().waitFor();
  for (const worker of [dispatcher, unitOne, committee, unitTwo]) await worker.leave();
});

test('the decision was made a precedent, which the rules name', async () => {
  const page = await visit(browser, { language: 'en' });
  await signIn(page, url, here('password'), { hash: '#/rules/1/routes' });
  await page.waitForSelector(`main a[href="#/case/${caseId}"]`);
  await page.context().close();
});
