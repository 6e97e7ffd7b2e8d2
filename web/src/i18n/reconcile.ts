import { Words } from './index.svelte';

/** A draft whose ground moved, and who else is at it. */
const zh = {
  title: '接到现行网格',
  lead: '把方案接到现在生效的网格上。下面是方案动过的网格：我的、合并后的、现行的。冲突的网格可以逐个选择。',
  counts: (conflicts: number, mine: number, theirs: number) =>
    `${conflicts} 处冲突；只有我改的 ${mine} 个，只有现行网格改的 ${theirs} 个`,
  clean: '没有冲突：两边的改动可以直接合并。',
  nobody: '无',
  mine: '我的',
  merged: '合并',
  theirs: '现行',
  was: '虚线：方案开始时',
  noCell: '已不是网格',
  conflict: '冲突',
  only: '只有我改',
  use: (side: string) => `采用${side}`,
  choose: (cell: string) => `${cell}：采用哪一个`,
  newCell: '方案新分的网格',
  leftOut: (n: number) => `有 ${n} 步在现行网格上不再做`,
  step: (seq: number, name: string) => `第 ${seq} 步 ${name}`,
  byChoice: '按你的选择',
  apply: '这样接上去',
  back: '回到方案',
  more: (n: number) => `另有 ${n} 个网格没有列出，按合并处理`,
  working: '正在比较…',
  alsoHere: (who: string) => `${who} 也在这个方案里`,
  choosing: (n: number) => `选着 ${n} 个网格`,
  beside: (n: number) => `${n} 个网格另有方案在改`,
  changedBy: (who: string) => `${who} 刚改过这个方案`,
  readAgain: '重新读取',
  alsoBy: (who: string, where: string) =>
    `${where ? `方案「${where}」（${who}）` : who} 也在改其中的网格`,
};

export type ReconcileWords = typeof zh;

const en: ReconcileWords = {
  title: 'Put onto the grid in force',
  lead: 'Puts the plan onto the grid that is in force now. These are the cells it changes: mine, merged, theirs. Where they conflict, each can be chosen.',
  counts: (conflicts, mine, theirs) =>
    `${conflicts} conflict${conflicts === 1 ? '' : 's'}; ${mine} changed by this plan alone, ${theirs} by the grid in force alone`,
  clean: 'No conflicts: both changes go together.',
  nobody: 'nobody',
  mine: 'Mine',
  merged: 'Merged',
  theirs: 'Theirs',
  was: 'Dashed: when the plan began',
  noCell: 'no cell any more',
  conflict: 'conflict',
  only: 'mine alone',
  use: (side) => `Use ${side.toLowerCase()}`,
  choose: (cell) => `${cell}: which to use`,
  newCell: 'made by the plan',
  leftOut: (n) => `${n} step${n === 1 ? ' is' : 's are'} not done again on the grid in force`,
  step: (seq, name) => `Step ${seq}, ${name}`,
  byChoice: 'because of your choice',
  apply: 'Put it on like this',
  back: 'Back to the plan',
  more: (n) => `${n} more cell${n === 1 ? '' : 's'} not listed; they are merged`,
  working: 'Comparing…',
  alsoHere: (who) => `${who} is at this plan too`,
  choosing: (n) => `${n} cell${n === 1 ? '' : 's'} selected`,
  beside: (n) => `${n} cell${n === 1 ? ' is' : 's are'} changed by another plan too`,
  changedBy: (who) => `${who} has just changed this plan`,
  readAgain: 'Read it again',
  alsoBy: (who, where) =>
    where
      ? `Plan “${where}” (${who}) changes cells of these too`
      : `${who} is at cells of these too`,
};

export const reconcileWords = new Words<ReconcileWords>(zh, en);
