import { expect, test } from 'vitest';
import type { CaseRow } from '../api/types';
import { type Filter, NO_FILTER } from '../situation';
import { arranged, type CaseWords, passes } from './select';

const names: CaseWords = {
  className: (code) => ({ M06010: '暴露垃圾', M06042: '垃圾满溢' })[code] ?? code,
  unitName: (row) => row.unit?.name_zh ?? '',
  stateName: () => '待受理',
  isMine: (row) => row.id === 12,
};

function caseRow(id: number, over: Partial<CaseRow> = {}): CaseRow {
  return {
    id,
    class: 'M06010',
    state: 'reported',
    source: 'camera',
    lon: 119.92,
    lat: 32.45,
    cell: { id: 1, code: '321202001001001' },
    component_id: null,
    unit: { id: 7, name_zh: '环卫二队', name_en: 'Sanitation 2' },
    camera_id: 'CAM-01',
    handling_unit: null,
    district_id: null,
    emergency: false,
    supervised: false,
    pending: null,
    dispute_level: null,
    round: 0,
    dispatch_level: 0,
    condition_id: null,
    text: '',
    place_text: '',
    assignee_id: null,
    worker_id: null,
    overdue: false,
    ended_at: null,
    merged_into: null,
    recurrence_of: null,
    clock: null,
    first_seen_at: '2026-11-22T10:00:00Z',
    last_seen_at: '2026-11-22T10:00:00Z',
    sighting_count: 3,
    opened_at: `2026-11-22T10:00:${String(id).padStart(2, '0')}Z`,
    version: 1,
    ...over,
  };
}

test.each<[string, Partial<Filter>, boolean]>([
  ['nothing asked', {}, true],
  ['its class', { class: 'M06010' }, true],
  ['another class', { class: 'M06042' }, false],
  ['its unit', { unit: 7 }, true],
  ['nobody’s cases', { unit: 0 }, false],
  ['its cell', { cell: '321202001001001' }, true],
  ['another camera', { camera: 'CAM-02' }, false],
  ['its number', { text: '#12' }, true],
  ['two words of different fields', { text: '垃圾 环卫' }, true],
  ['its state', { state: 'reported' }, true],
  ['another state', { state: 'filed' }, false],
  ['the reader’s move', { mine: true }, true],
  ['a word it does not have', { text: '垃圾 路灯' }, false],
])('a case against %s', (_, asked, expected) => {
  expect(passes(caseRow(12), { ...NO_FILTER, ...asked }, names)).toBe(expected);
});

test('a case without a unit is found by "nobody"', () => {
  expect(passes(caseRow(1, { unit: null }), { ...NO_FILTER, unit: 0 }, names)).toBe(true);
});

test('the newest case is first, whatever was seen again', () => {
  const seenAgain = caseRow(1, { last_seen_at: '2026-11-22T12:00:00Z' });
  const order = arranged([seenAgain, caseRow(3), caseRow(2)], 'newest', 0);
  expect(order.map((item) => item.kind === 'case' && item.row.id)).toEqual([3, 2, 1]);
});

test('by class, the largest class comes first under its header', () => {
  const rows = [caseRow(1, { class: 'M06042' }), caseRow(2), caseRow(3)];
  const order = arranged(rows, 'class', 0).map((item) =>
    item.kind === 'group' ? `${item.key} ${item.count}` : item.row.id,
  );
  expect(order).toEqual(['M06010 2', 3, 2, 'M06042 1', 1]);
});

test('by deadline, what is overdue comes first and what has no limit last', () => {
  const clock = (due: string | null) => ({
    clock: { stage: 'dispatch' as const, due_at: due, warn_at: null, paused: due === null },
  });
  const now = Date.parse('2026-11-22T12:00:00Z');
  const rows = [
    caseRow(1),
    caseRow(2, clock('2026-11-22T12:20:00Z')),
    caseRow(3, clock('2026-11-22T11:00:00Z')),
    caseRow(4, clock('2026-11-22T12:10:00Z')),
    caseRow(5, clock(null)),
  ];
  const order = arranged(rows, 'due', now).map((item) =>
    item.kind === 'group' ? item.key : item.row.id,
  );
  expect(order).toEqual(['over', 3, 'soon', 4, 2, 'none', 1, 5]);
});
