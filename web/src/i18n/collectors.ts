import { Words } from './index.svelte';

/** People on duty: on the map, where one sends them, and on their own page. */
const zh = {
  title: '在岗人员',
  states: { present: '在岗', away: '在岗，暂未联系上' },
  since: (moment: string) => `${moment} 上岗`,
  seen: (ago: string) => `位置更新于 ${ago}`,
  accuracy: (metres: number) => `精度 ${metres} 米`,
  gone: '已下岗',
  away: '暂未联系上',
  metres: (n: number) => `${n} 米`,
  kilometres: (n: string) => `${n} 公里`,
  duty: {
    label: '在岗',
    off: '未在岗，不上报位置',
    elsewhere: '已在另一台设备上在岗',
    explain: '上岗后，派遣您的人员能看到您的当前位置；只保留最新位置，下岗即删除。',
    asking: '正在获取位置…',
    on: (since: string) => `${since} 起在岗`,
    sent: (ago: string) => `位置已上报（${ago}）`,
    denied: '浏览器没有给出位置，未上报。',
    inexact: '位置太不精确，未上报。',
    unreachable: '网络不通，位置未上报，恢复后自动继续。',
    refused: '服务没有接受位置。',
    unsaid: '下岗还没有送达，正在重试；最迟十分钟后位置会被删除。',
  },
};

const en: typeof zh = {
  title: 'On duty',
  states: { present: 'On duty', away: 'On duty, not heard from' },
  since: (moment) => `on duty since ${moment}`,
  seen: (ago) => `last seen ${ago}`,
  accuracy: (metres) => `within ${metres} m`,
  gone: 'Off duty by now',
  away: 'not heard from',
  metres: (n) => `${n} m`,
  kilometres: (n) => `${n} km`,
  duty: {
    label: 'On duty',
    off: 'Off duty; where you are is not told',
    elsewhere: 'On duty on another device',
    explain:
      'On duty, those who send you see where you are. Only the last place is kept, and deleted when you go off duty.',
    asking: 'Finding out where you are…',
    on: (since) => `On duty since ${since}`,
    sent: (ago) => `position sent ${ago}`,
    denied: 'The browser gave no position; nothing is told.',
    inexact: 'The position is too inexact; nothing is told.',
    unreachable:
      'No connection: your position is not sent. It goes on by itself when the connection is back.',
    refused: 'The service did not take the position.',
    unsaid:
      'Going off duty has not got through yet and is tried again; your position is deleted within ten minutes.',
  },
};

export const collectorWords = new Words<typeof zh>(zh, en);
