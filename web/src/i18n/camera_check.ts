import type { CameraVerdict } from '../api/types';
import { Words } from './index.svelte';

/** What cameras say of a case that is reported as handled. */
const zh = {
  title: '相机核对',
  verdicts: {
    gone: '相机已看不见问题',
    still_there: '相机仍看见问题',
    cannot_tell: '相机尚不能判断',
  } satisfies Record<CameraVerdict, string>,
  before: '处置前',
  after: '处置后',
  noBefore: '没有处置前的画面',
  noAfter: '还没有处置后的画面',
  hint: '仅供核查参考：被遮挡的东西相机也看不见。',
};

const en: typeof zh = {
  title: 'What the camera says',
  verdicts: {
    gone: 'The camera does not see it any more',
    still_there: 'The camera still sees it',
    cannot_tell: 'The camera cannot tell yet',
  },
  before: 'Before',
  after: 'After',
  noBefore: 'No picture from before',
  noAfter: 'No picture from after yet',
  hint: 'A hint for who checks: what stands behind something the camera does not see either.',
};

export const cameraCheckWords = new Words(zh, en);
