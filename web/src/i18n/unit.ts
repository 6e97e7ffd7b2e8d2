import { Words } from './index.svelte';

/** The desk of a responsible unit. */
const zh = {
  title: '处置',
  tabs: {
    receive: '待接收',
    hand: '处置中',
    back: '返工',
    waiting: '等待中',
    ended: '已办结',
  },
  onlyMine: '只看指派给我的',
  emergency: {
    title: '应急案件',
    lead: (n: number) => `${n} 件应急案件，日夜连续计时`,
    arrival: '到场（2 小时内）',
    guard: '设防排险，拍照',
    repair: '修复（24 小时内）',
    done: (when: string) => `已完成 ${when}`,
    notYet: '未完成',
  },
  toPlace: {
    distance: (text: string) => `距案件 ${text}`,
    locate: '我离现场多远',
    denied: '浏览器没有给出位置。',
    navigate: '在地图应用中打开',
    metres: (n: number) => `${n} 米`,
    kilometres: (n: string) => `${n} 公里`,
  },
};

export type UnitWords = typeof zh;

const en: UnitWords = {
  title: 'Handling',
  tabs: {
    receive: 'To receive',
    hand: 'In hand',
    back: 'Sent back',
    waiting: 'Waiting',
    ended: 'Ended',
  },
  onlyMine: 'Only what is assigned to me',
  emergency: {
    title: 'Emergency',
    lead: (n) => `${n} emergenc${n === 1 ? 'y' : 'ies'}; time runs day and night`,
    arrival: 'Arrive (within 2 h)',
    guard: 'Guard the place, with photo',
    repair: 'Repair (within 24 h)',
    done: (when) => `done ${when}`,
    notYet: 'not yet',
  },
  toPlace: {
    distance: (text) => `${text} from the case`,
    locate: 'How far am I',
    denied: 'The browser gave no position.',
    navigate: 'Open in a maps app',
    metres: (n) => `${n} m`,
    kilometres: (n) => `${n} km`,
  },
};

export const unitWords = new Words<UnitWords>(zh, en);
