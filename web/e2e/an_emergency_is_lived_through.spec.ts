import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launch } from './browser';
import { here } from './here';
import { assigneeOf, caseRow, managerOf, pictures, Worker } from './work';

let browser: Browser;
beforeAll(async () => {
  browser = await launch();
});
afterAll(() => browser?.close());

const STORIES = {
  zh: {
    class: '污水井盖异常',
    text: '井盖丢失，行人险些跌落',
    place: '梅兰路 12 号门前',
    handled: '新井盖已安装',
    closed: '已结案',
    history: [
      '上报',
      '立案',
      '派遣',
      '接收',
      '到场',
      '设防排险',
      '处置反馈',
      '发核查',
      '核查反馈',
      '准予结案',
    ],
    because: '依据责任划分',
  },
  en: {
    class: 'Sewage manhole cover - abnormal',
    text: 'The cover is gone; somebody nearly fell in',
    place: 'In front of 12 Meilan Road',
    handled: 'A new cover is in place',
    closed: 'Closed',
    history: [
      'Reported',
      'File',
      'Dispatch',
      'Receive',
      'Arrive',
      'Secure the spot',
      'Report as handled',
      'Send to check',
      'Report check',
      'Close',
    ],
    because: 'Edition',
  },
} as const;

test.each(['zh', 'en'] as const)(
  'an emergency is registered, filed, dispatched, secured, repaired, checked and closed (%s)',
  async (language) => {
    const story = STORIES[language];
    const operator = await Worker.arrive(browser, 'operator', { language });

    // the hotline rings: what, where, and whose place it is
    const desk = operator.page;
    await desk.click('[data-test=register]');
    await desk.fill('#r-class', story.class);
    await desk.fill('#r-text', story.text);
    await desk.fill('#r-place', story.place);
    await desk.waitForFunction(() => window.__smallMap?.loaded());
    const box = (await desk.locator('[data-test=small-map]').boundingBox())!;
    const across = language === 'zh' ? 0.42 : 0.58;
    await desk.mouse.click(box.x + box.width * across, box.y + box.height * 0.45);
    await desk.waitForSelector('[data-test=owner]');
    expect(await desk.textContent('[data-test=owner]')).toContain(story.because);
    await desk.click('[data-test=submit-register]');
    const told = desk.locator('[data-test=registered]');
    await told.waitFor();
    const caseId = Number(await told.getAttribute('data-id'));

    // filed as an emergency
    await operator.open('operator', caseId);
    const condition = await firstCondition(operator);
    await operator.act('file', { pick: { condition_id: [condition] }, tick: ['emergency'] });
    await operator.sees('filed');

    // the dispatcher finds it among their moves and sends it with one key
    const dispatcher = await Worker.arrive(browser, 'dispatcher', { language });
    await dispatcher.page.click(`[data-case="${caseId}"]`);
    await dispatcher.page.waitForSelector('[data-action=dispatch]');
    await dispatcher.page.keyboard.press('d');
    await dispatcher.page.waitForSelector('[data-test=toast][data-action=dispatch]');
    await dispatcher.sees('dispatched');

    // the unit in the street, with a phone
    const { handling_unit, lon, lat } = await caseRow(caseId);
    const unit = await Worker.arrive(browser, await managerOf(handling_unit!.id), {
      language,
      phoneAt: { lon, lat },
    });
    await unit.open('unit', caseId);
    await unit.act('receive');
    await unit.sees('handling');
    await unit.act('arrive', { here: true });
    await unit.act('guard', { photos: await pictures(1) });
    await unit.act('feed_back', { text: { text: story.handled }, photos: await pictures(3) });
    await unit.sees('handled');

    // the operator, whose page was open all the time, sends somebody who did not handle it
    await operator.open('operator', caseId);
    await operator.sees('handled');
    await operator.act('send_to_check');
    await operator.sees('checking');

    const drawn = await assigneeOf(caseId);
    const checker = await Worker.arrive(browser, drawn, { language, phoneAt: { lon, lat } });
    await checker.open('field', caseId);
    await checker.act('check', {
      pick: { result: ['passed'] },
      photos: await pictures(1),
      here: true,
    });
    await checker.sees('checked');

    // before and after side by side, then closed
    await operator.sees('checked');
    await desk.waitForSelector('[data-test=before-after] figure:nth-child(2) img');
    await operator.act('approve', { everyBox: true });
    await operator.sees('closed');
    await desk.goto(`${here('url')}/?test#/case/${caseId}`);
    await desk.waitForSelector('[data-test=history] li');
    const history = await desk.textContent('[data-test=history]');
    for (const step of story.history) expect(history).toContain(step);
    expect(await desk.textContent('[data-test=case]')).toContain(story.closed);

    for (const somebody of [operator, dispatcher, unit, checker]) await somebody.leave();
  },
);

async function firstCondition(operator: Worker): Promise<number> {
  const { page } = operator;
  const condition = await page.evaluate(async () => {
    const id = new URLSearchParams(location.hash.split('?')[1]).get('case');
    const { class: code } = await (await fetch(`/api/v1/cases/${id}`)).json();
    const { conditions } = await (await fetch(`/api/v1/conditions?class=${code}`)).json();
    return conditions[0].id as number;
  });
  return condition;
}
