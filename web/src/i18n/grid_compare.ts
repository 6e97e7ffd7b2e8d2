import { Words } from './index.svelte';

/** Two grounds side by side: as it was, and as a plan has it. */
const zh = {
  compare: '比较',
  difference: '变化',
  differenceTitle: '标出换了归属的地',
  swipe: '卷帘',
  swipeTitle: '左边是原来，右边是现在；拖动中线，或用方向键',
  where: '中线位置',
  blink: '闪现',
  blinkTitle: '按住看原来，松开看现在',
  before: '原来',
  after: '现在',
};

export type GridCompareWords = typeof zh;

const en: GridCompareWords = {
  compare: 'Compare',
  difference: 'Changes',
  differenceTitle: 'Mark the ground that changes hands',
  swipe: 'Swipe',
  swipeTitle: 'Before on the left, after on the right; drag the divider or use the arrow keys',
  where: 'Where the divider is',
  blink: 'Blink',
  blinkTitle: 'Hold to see the ground before, let go for after',
  before: 'Before',
  after: 'After',
};

export const compareWords = new Words<GridCompareWords>(zh, en);
