import { Words } from './index.svelte';

/** Task orders (统筹布置): from the centre to many units, each feeds back. */
const zh = {
  title: '统筹布置',
  lead: '布置给多个单位的任务；每个单位各自反馈，谁还没有反馈一目了然。',
  create: '新建布置',
  name: '标题',
  text: '内容',
  due: '反馈期限',
  units: '单位',
  allUnits: '全部责任单位',
  find: '查找单位',
  chosen: (n: number) => `已选 ${n} 个单位`,
  issue: '下发',
  none: '还没有布置任务。',
  noneForUnit: '没有布置给本单位的任务。',
  receipts: (replied: number, of: number) => `${replied}/${of} 已反馈`,
  dueAt: (when: string) => `${when} 前反馈`,
  issuedBy: (who: string, when: string) => `${who} 于 ${when} 下发`,
  read: '已读',
  unread: '未读',
  waiting: '未反馈',
  late: '逾期',
  receipt: '反馈',
  receiptHint: '写明做了什么、结果如何',
  send: '提交反馈',
  mine: '本单位的反馈',
};

export type OrderWords = typeof zh;

const en: OrderWords = {
  title: 'Task orders',
  lead: 'Tasks given to several units; each feeds back, and who has not is plain to see.',
  create: 'New order',
  name: 'Title',
  text: 'Text',
  due: 'Feed back by',
  units: 'Units',
  allUnits: 'All responsible units',
  find: 'Find a unit',
  chosen: (n) => `${n} unit${n === 1 ? '' : 's'} chosen`,
  issue: 'Issue',
  none: 'No task orders yet.',
  noneForUnit: 'No task order for your unit.',
  receipts: (replied, of) => `${replied}/${of} fed back`,
  dueAt: (when) => `feed back by ${when}`,
  issuedBy: (who, when) => `issued by ${who}, ${when}`,
  read: 'read',
  unread: 'not read',
  waiting: 'no receipt',
  late: 'late',
  receipt: 'Receipt',
  receiptHint: 'Say what was done and with what result',
  send: 'Send receipt',
  mine: 'Your unit’s receipt',
};

export const orderWords = new Words<OrderWords>(zh, en);
