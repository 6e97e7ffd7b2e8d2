import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';

import { asked } from './ask';
import { type Looks, signIn, visit } from './browser';
import { here } from './here';

/** What is typed into a form, by the field's name. */
export interface Filling {
  text?: Record<string, string>;
  /** Radio buttons and boxes, by the field's name and the value; several for a checklist. */
  pick?: Record<string, (string | number)[]>;
  /** Units to find by name and choose, by the field's name. */
  units?: Record<string, string>;
  /** Picture files. */
  photos?: string[];
  /** Boxes to tick, by the field's name. */
  tick?: string[];
  /** Ticks every box there is. */
  everyBox?: boolean;
  /** Presses "use my position". */
  here?: boolean;
}

/** Somebody of the demo city at their own browser. */
export class Worker {
  private constructor(
    readonly page: Page,
    readonly login: string,
  ) {}

  static async arrive(browser: Browser, login: string, looks: Looks = {}): Promise<Worker> {
    const page = await visit(browser, looks);
    await signIn(page, here('url'), here('staffPassword'), { login });
    return new Worker(page, login);
  }

  /** Opens a case at a desk, and waits until it says what can be done. */
  async open(desk: string, caseId: number): Promise<void> {
    await this.page.evaluate(
      ([where, id]) => {
        location.hash = `#/${where}?case=${id}`;
      },
      [desk, caseId] as const,
    );
    await this.page.waitForSelector(`[data-test=case][data-open="${caseId}"]`);
    await this.page.waitForSelector(
      '[data-test=actions] [data-action], [data-test=actions] .quiet',
    );
  }

  /** Until the case is seen in a state, without a reload. */
  async sees(state: string): Promise<void> {
    await this.page.waitForSelector(`[data-test=case][data-state=${state}]`);
  }

  /** Takes an action from its button to its toast. */
  async act(action: string, filling: Filling = {}): Promise<void> {
    const { page } = this;
    const edit = page.locator(`[data-edit=${action}]`);
    const hasFilling = Object.keys(filling).length > 0;
    if (hasFilling && (await edit.count()) > 0) await edit.click();
    else await page.click(`[data-test=actions] [data-action=${action}]`);
    const form = page.locator(`[data-test=action-form][data-action=${action}]`);
    const toast = page.locator(`[data-test=toast][data-action=${action}]`);
    await form.or(toast).first().waitFor();
    if ((await form.count()) > 0) {
      await this.fill(action, filling);
      await page.click('[data-test=submit]');
    }
    const trouble = page.locator('[data-test=trouble]');
    await toast.or(trouble).first().waitFor();
    if ((await trouble.count()) > 0) {
      throw new Error(`${this.login}, ${action}: ${await trouble.textContent()}`);
    }
  }

  private async fill(
    action: string,
    { text, pick, units, tick, everyBox, photos, here }: Filling,
  ): Promise<void> {
    const { page } = this;
    for (const [name, words] of Object.entries(text ?? {})) {
      await page.fill(`#f-${action}-${name}`, words);
    }
    for (const [name, values] of Object.entries(pick ?? {})) {
      for (const value of values) {
        await page.check(`input[name="f-${action}-${name}"][value="${value}"]`);
      }
    }
    for (const [name, unit] of Object.entries(units ?? {})) {
      const field = `#f-${action}-${name}`;
      await page.fill(field, unit);
      await page.click(`[role=radiogroup]:has(${field}) label:has-text("${unit}")`);
    }
    for (const name of tick ?? []) await page.check(`#f-${action}-${name}`);
    if (everyBox) {
      const boxes = page.locator('[data-test=action-form] input[type=checkbox]');
      for (const box of await boxes.all()) await box.check();
    }
    if (here) {
      await page.click(`[id="f-${action}-position"]`);
      await page.waitForSelector('.position output');
    }
    if (photos) {
      await page.setInputFiles(`[id="f-${action}-attachments"]`, photos);
      await page.waitForFunction(
        (count) => document.querySelectorAll('[data-test=action-form] li img').length >= count,
        photos.length,
      );
    }
  }

  async leave(): Promise<void> {
    await this.page.context().close();
  }
}

/** Pictures as a phone would take them. */
export async function pictures(count: number): Promise<string[]> {
  const folder = here('frames');
  const names = (await readdir(folder)).filter((name) => name.endsWith('.jpg')).sort();
  return names.slice(0, count).map((name) => join(folder, name));
}

interface Person {
  id: number;
  grants: { role: string; unit: { id: number } | null }[];
}

/** What the service says to somebody, without a browser. */
const ask = <T>(login: string, path: string): Promise<T> =>
  asked(here('url'), { login, password: here('staffPassword') }, (get) => get<T>(path));

async function whoIs(logins: string[], wanted: (person: Person) => boolean): Promise<string> {
  for (const login of logins) {
    const { person } = await ask<{ person: Person }>(login, '/api/v1/session');
    if (wanted(person)) return login;
  }
  throw new Error(`none of ${logins.join(', ')} is who is wanted`);
}

interface Row {
  handling_unit: { id: number } | null;
  assignee_id: number | null;
  lon: number;
  lat: number;
}

export const caseRow = (caseId: number): Promise<Row> =>
  ask<Row>('operator', `/api/v1/cases/${caseId}`);

/** Whoever answers for a unit. */
export function managerOf(unitId: number): Promise<string> {
  const logins = Array.from({ length: 12 }, (_, i) => `unit-${((unitId - 1 + i) % 12) + 1}`);
  return whoIs(logins, ({ grants }) => grants.some(({ unit }) => unit?.id === unitId));
}

/** To whom the lot gave a task on site. */
export async function assigneeOf(caseId: number): Promise<string> {
  const { assignee_id } = await caseRow(caseId);
  return whoIs(['checker', 'collector'], ({ id }) => id === assignee_id);
}
