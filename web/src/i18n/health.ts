import type { CameraCondition } from '../api/types';
import { Words } from './index.svelte';

/** What is wrong with a camera. */
const zh = {
  title: '状态',
  fine: '正常',
  conditions: {
    offline: '离线',
    frozen: '画面冻结',
    dark: '画面过暗',
    blurred: '画面模糊',
    covered: '镜头被遮挡',
    moved: '视角偏移',
    wrong_time: '时钟错误',
  } satisfies Record<CameraCondition, string>,
  since: (moment: string) => `自 ${moment}`,
  heldBack: '重新标定之前，它看到的不产生案件',
  ill: '有异常的相机',
  offline: '离线的相机',
  count: (n: number) => `${n} 台有异常`,
};

const en: typeof zh = {
  title: 'Health',
  fine: 'Nothing wrong',
  conditions: {
    offline: 'Offline',
    frozen: 'Frozen picture',
    dark: 'Dark picture',
    blurred: 'Blurred picture',
    covered: 'Covered lens',
    moved: 'Moved',
    wrong_time: 'Wrong time',
  },
  since: (moment) => `since ${moment}`,
  heldBack: 'What it sees opens no cases until it is calibrated again',
  ill: 'Camera with something wrong',
  offline: 'Camera offline',
  count: (n) => `${n} with something wrong`,
};

export const healthWords = new Words(zh, en);
