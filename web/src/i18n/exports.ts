import { Words } from './index.svelte';

/** Lists that leave with an approval. */
const zh = {
  title: '数据导出',
  lead: '案件清单须经数据管理员同意方可导出；每次下载都有记录。',
  purpose: '用途',
  ask: '申请导出',
  none: '没有导出申请。',
  askedBy: (who: string, when: string) => `${who} 于 ${when} 申请`,
  waiting: '待审批',
  approvedBy: (who: string) => `${who} 已同意`,
  refusedBy: (who: string, why: string) => `${who} 未同意：${why}`,
  approve: '同意',
  refuse: '不同意',
  why: '不同意的理由',
  download: '下载',
};

export type ExportWords = typeof zh;

const en: ExportWords = {
  title: 'Exports',
  lead: 'Lists of cases leave with the approval of a data officer only; every download is on record.',
  purpose: 'What it is for',
  ask: 'Ask for an export',
  none: 'No exports were asked for.',
  askedBy: (who, when) => `asked for by ${who}, ${when}`,
  waiting: 'waits',
  approvedBy: (who) => `approved by ${who}`,
  refusedBy: (who, why) => `refused by ${who}: ${why}`,
  approve: 'Approve',
  refuse: 'Refuse',
  why: 'Why it is refused',
  download: 'Download',
};

export const exportWords = new Words<ExportWords>(zh, en);
