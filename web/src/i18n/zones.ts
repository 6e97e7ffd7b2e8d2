import type { ZoneKind } from '../api/zones';
import { Words } from './index.svelte';

/** Zones before a camera. */
const zh = {
  title: '区域',
  none: '还没有画区域',
  kinds: {
    no_parking: '禁停区',
    pavement: '人行道',
    shop_front: '店前区域',
    keep_clear: '须保持畅通',
  } satisfies Record<ZoneKind, string>,
  draw: '画区域',
  drawing: (n: number) =>
    `在画面上点出各个角（已有 ${n} 个）；键盘：方向键移动，回车定角，退格撤回`,
  finish: '完成',
  kind: '类型',
  always: '全天',
  limited: '限时',
  days: '星期',
  day: (n: number) => ['一', '二', '三', '四', '五', '六', '日'][n - 1] ?? '',
  from: '从',
  to: '到',
  remove: (kind: string) => `删除${kind}`,
};

const en: typeof zh = {
  title: 'Zones',
  none: 'No zones drawn yet',
  kinds: {
    no_parking: 'No parking',
    pavement: 'Pavement',
    shop_front: 'Shop front',
    keep_clear: 'Keep clear',
  },
  draw: 'Draw a zone',
  drawing: (n) =>
    `Click its corners on the picture (${n} so far). Keys: arrows move, Enter sets, Backspace takes back`,
  finish: 'Done',
  kind: 'Kind',
  always: 'Always',
  limited: 'At certain hours',
  days: 'Days',
  day: (n) => ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'][n - 1] ?? '',
  from: 'From',
  to: 'To',
  remove: (kind) => `Remove ${kind}`,
};

export const zoneWords = new Words(zh, en);
