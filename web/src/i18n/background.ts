import type { Origin, Phase } from '../api/background';
import { Words } from './index.svelte';

/** What stands before a camera. */
const zh = {
  title: '静态背景',
  phases: {
    not_needed: '没有需要背景的区域或规则',
    no_room: '内存已满，这台相机没有背景',
    filling: '正在积累画面',
    ready: '就绪',
  } satisfies Record<Phase, string>,
  taken: (n: number, needed: number) => `${n} / ${needed} 幅`,
  median: '现在的背景',
  reference: '基准',
  at: (moment: string) => `截至 ${moment}`,
  origins: {
    first: '最初的背景',
    light: '光线变化后重新取得',
    person: '由管理员设定',
  } satisfies Record<Origin, string>,
  set: (origin: string, moment: string) => `${origin}，${moment}`,
  standing: '基准里没有、现在停留的物体',
  nothing: '没有',
  since: (moment: string) => `自 ${moment}`,
  wide: (metres: string) => `宽约 ${metres} 米`,
  takeOver: '以现在的背景为基准',
  sure: '现在停留的物体以后都算作原有的。确定吗？',
};

const en: typeof zh = {
  title: 'What stands here',
  phases: {
    not_needed: 'No zone and no rule needs a background',
    no_room: 'Memory is full: this camera has no background',
    filling: 'Pictures are being taken in',
    ready: 'Ready',
  },
  taken: (n, needed) => `${n} of ${needed} pictures`,
  median: 'Background now',
  reference: 'Reference',
  at: (moment) => `until ${moment}`,
  origins: {
    first: 'The first background',
    light: 'Taken anew in another light',
    person: 'Set by an administrator',
  },
  set: (origin, moment) => `${origin}, ${moment}`,
  standing: 'Stands there and is not in the reference',
  nothing: 'Nothing',
  since: (moment) => `since ${moment}`,
  wide: (metres) => `about ${metres} m wide`,
  takeOver: 'Take the background for the reference',
  sure: 'What stands there now will count as what always stood there. Are you sure?',
};

export const backgroundWords = new Words(zh, en);
