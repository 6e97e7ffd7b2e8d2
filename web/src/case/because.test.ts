import { expect, test } from 'vitest';
import type { Because, CaseRoute } from '../api/types';
import { en } from '../i18n/en';
import { zh } from '../i18n/zh';
import { type BecauseWords, becauseSentences, spacedCell } from './because';

const because: Because = {
  rule: 'cell_class',
  edition: { id: 3, note: '2026 冬', published_at: '2026-11-01T00:00:00Z' },
  cell_code: '321202001002003',
  class: 'M06010',
  border_m: 24.4,
};

function words(over: Partial<BecauseWords> = {}): BecauseWords {
  return { t: zh, className: () => '暴露垃圾', component: null, error_m: 3, ...over };
}

test('a rule of the cell names the cell, the class, the border and the edition', () => {
  expect(becauseSentences(because, words())).toEqual([
    '位置在单元网格 321202 001 002 003 内；该网格对「暴露垃圾」另有规定，按规定归属。',
    '距最近的其他网格 24 米。',
    '依据责任划分第 3 版「2026 冬」，2026年11月1日 发布。',
  ]);
});

test('a component names itself and its distance', () => {
  const component = { id: 9, class: 'C03005', code: '32120203005000042', name: '' };
  const [sentence] = becauseSentences(
    { ...because, rule: 'component_maintenance', component_id: 9, distance_m: 1.84 },
    words({ t: en, className: () => 'Litter bin', component }),
  );
  expect(sentence).toContain(
    'The place is 1.8 m from the component “Litter bin 32120203005000042”',
  );
});

test('a case that was filed is whose the rule says by which it was', () => {
  const sentence = (route: CaseRoute, over: Partial<BecauseWords> = {}) =>
    becauseSentences(
      because,
      words({ filed: { route, class: 'M06042', cell: '321202001002004' }, ...over }),
    )[0];
  expect(sentence({ rule: 'precedent', precedent_id: 3, case_id: 41 })).toContain('案件 #41');
  expect(sentence({ rule: 'rule', route_id: 8, classes: 'M06', place: '321202001' })).toBe(
    '按派遣路由：暴露垃圾，321202001。',
  );
  expect(sentence({ rule: 'rule', route_id: 8, classes: '', place: '' })).toContain('全市');
  // of the cell it is in now; the edition of its opening says nothing of that
  const default_ = { rule: 'cell_default', cell_id: 7 } as const;
  expect(sentence(default_)).toContain('321202 001 002 004');
  const filed = { route: default_, class: 'M06042', cell: '321202001002004' };
  expect(becauseSentences(because, words({ filed })).join()).not.toContain('版');
  const there = becauseSentences(because, words({ filed: { ...filed, cell: because.cell_code } }));
  expect(there.join()).toContain('第 3 版');
  expect(sentence({ rule: 'nobody', cell_id: 7 })).toContain('由派遣员选定');
  const component = { id: 9, class: 'C03005', code: null, name: '果皮箱' };
  const route = { rule: 'component_owner', component_id: 9, route_id: null } as const;
  expect(sentence(route, { component })).toContain('附近的部件「果皮箱」');
  expect(sentence({ ...route, component_id: 10 }, { component })).toContain('「#10」');
});

test('a border nearer than the position error is said to be in doubt', () => {
  const near = becauseSentences({ ...because, border_m: 2 }, words());
  expect(near[1]).toContain('也可能属于相邻网格');
  const asked = becauseSentences({ ...because, border_m: 2 }, words({ error_m: null }));
  expect(asked[1]).toBe('距最近的其他网格 2.0 米。');
});

test('every rule has a sentence in both languages', () => {
  for (const t of [zh, en]) {
    for (const rule of ['component_owner', 'cell_group', 'cell_default', 'none'] as const) {
      expect(becauseSentences({ ...because, rule }, words({ t }))[0]?.length).toBeGreaterThan(20);
    }
  }
});

test('a cell code is read in its four parts, anything else as it is', () => {
  expect(spacedCell('321202001002003')).toBe('321202 001 002 003');
  expect(spacedCell('A-1')).toBe('A-1');
});
