import { Words } from './index.svelte';

/** The desk of collectors and checkers, on a phone. */
const zh = {
  title: '采集核查',
  tabs: { tasks: '我的任务', report: '上报问题', mine: '我的上报' },
  report: {
    photos: '照片',
    class: '问题类别',
    findClass: '输入类别名称，例如“垃圾”',
    text: '情况说明',
    textHint: '看到了什么，影响谁',
    place: '位置描述',
    placeHint: '门牌、路口、参照物',
    position: '位置',
    here: '用我的位置',
    noPosition: '还没有位置',
    denied: '浏览器没有给出位置，请在地图上点选。',
    accuracy: (m: number) => `精度 ${m} 米`,
    submit: '上报',
    busy: '正在上报…',
    kept: '网络不通：内容都还在，恢复后自动再试，不会重复上报。',
    done: (id: number) => `已上报，案件 #${id}`,
    open: '查看',
    another: '再报一件',
    missing: (what: string) => `还缺：${what}`,
  },
};

export type FieldWords = typeof zh;

const en: FieldWords = {
  title: 'Field',
  tabs: { tasks: 'My tasks', report: 'Report', mine: 'My reports' },
  report: {
    photos: 'Photos',
    class: 'What it is',
    findClass: 'Type a class, for example “litter”',
    text: 'Description',
    textHint: 'What you see, and whom it concerns',
    place: 'Where, in words',
    placeHint: 'House number, crossing, landmark',
    position: 'Position',
    here: 'Use my position',
    noPosition: 'No position yet',
    denied: 'The browser gave no position; pick it on the map.',
    accuracy: (m) => `within ${m} m`,
    submit: 'Report',
    busy: 'Reporting…',
    kept: 'No connection: everything is kept and sent again when it is back, once only.',
    done: (id) => `Reported as case #${id}`,
    open: 'Open',
    another: 'Report another',
    missing: (what) => `Still missing: ${what}`,
  },
};

export const fieldWords = new Words<FieldWords>(zh, en);
