import { Words } from './index.svelte';

/** Parts of a camera's picture that nobody may see. */
const masksZh = {
  title: '隐私遮挡',
  none: '还没有遮挡',
  lead: '遮挡的部分在保存和显示之前涂掉；落在里面的发现不算',
  nth: (n: number) => `遮挡 ${n}`,
  corners: (n: number) => `${n} 个角`,
  draw: '画遮挡',
  drawing: (n: number) =>
    `在画面上点出各个角（已有 ${n} 个）；键盘：方向键移动，回车定角，退格撤回`,
  finish: '完成遮挡',
  remove: (n: number) => `删除遮挡 ${n}`,
};

const masksEn: typeof masksZh = {
  title: 'Privacy masks',
  none: 'Nothing is masked',
  lead: 'Painted over before anything is stored or shown; what is found inside does not count',
  nth: (n) => `Mask ${n}`,
  corners: (n) => `${n} corners`,
  draw: 'Draw a mask',
  drawing: (n) =>
    `Click its corners on the picture (${n} so far). Keys: arrows move, Enter sets, Backspace takes back`,
  finish: 'Mask it',
  remove: (n) => `Remove mask ${n}`,
};

export const maskWords = new Words(masksZh, masksEn);

/** Pictures as the camera took them. */
const originalsZh = {
  hidden: '人脸和号牌已模糊',
  waiting: '正在模糊人脸和号牌',
  show: '看原图',
  title: '原图',
  why: '写明用途；谁、何时、为什么看，都会记录下来。',
  purpose: '用途',
  look: '记录并显示',
  erased: '原图已到期删除',
  looked: '查看原图',
  purposeIs: (purpose: string) => `用途：${purpose}`,
};

const originalsEn: typeof originalsZh = {
  hidden: 'Faces and plates are blurred',
  waiting: 'Faces and plates are being blurred',
  show: 'Show original',
  title: 'Original picture',
  why: 'Say what it is needed for. Who looked, when and why is recorded.',
  purpose: 'Purpose',
  look: 'Record and show',
  erased: 'The original has been erased',
  looked: 'Looked at the original',
  purposeIs: (purpose) => `Purpose: ${purpose}`,
};

export const originalWords = new Words(originalsZh, originalsEn);
