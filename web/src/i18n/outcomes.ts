import { Words } from './index.svelte';

/** What the checks found of each unit's work. */
const zh = {
  title: '核查结果',
  lead: '各单位当月案件的核查结论；点数字看到的正是这些案件。一件案件的同一结论只计一次，计在当时处置的单位。',
  month: '月份',
  unit: '单位',
  rate: '合格率',
  none: '这个月还没有核查结论。',
  show: (unit: string, outcome: string, n: number) => `${unit} · ${outcome}：${n} 件`,
};

export type OutcomeWords = typeof zh;

const en: OutcomeWords = {
  title: 'Check outcomes',
  lead: 'What the checks of the month found of each unit’s work; a number opens exactly its cases. A case counts once for an outcome, and for the unit that had it then.',
  month: 'Month',
  unit: 'Unit',
  rate: 'Qualified',
  none: 'No checks have ended this month.',
  show: (unit, outcome, n) => `${unit} · ${outcome}: ${n}`,
};

export const outcomeWords = new Words<OutcomeWords>(zh, en);
