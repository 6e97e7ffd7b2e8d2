import { Words } from './index.svelte';

/** What the forms of all desks have in common. */
const zh = {
  problem: {
    kinds: {
      'invalid-field': '有一项填写不对。',
      forbidden: '你没有做这件事的权限。',
      'not-allowed': '你没有做这件事的权限。',
      'not-found': '没有找到。',
      'rule-broken': '规则不允许。',
      'wrong-state': '案件当前状态不能这样办。',
      'version-conflict': '刚才有人先动了这个案件。',
      'key-reused': '这个请求已经用别的内容提交过。',
    } as Record<string, string>,
    server: '服务器没有办成，请稍后再试。',
    other: '没有办成。',
  },
  unit: '单位',
  units: {
    continuous: { minute: '分钟', hour: '小时', day: '天' },
    working: { minute: '工作分钟', hour: '工作时', day: '工作日' },
  },
  loading: '正在读取…',
  save: '保存',
  cancel: '取消',
  add: '添加',
  remove: '删除',
  edit: '修改',
  search: '搜索',
  none: '无',
  reason: '理由',
  wholeCity: '全市',
  again: '再按一次确认',
};

export type FormWords = typeof zh;

const en: FormWords = {
  problem: {
    kinds: {
      'invalid-field': 'One of the fields is not right.',
      forbidden: 'You do not have the right to do this.',
      'not-allowed': 'You do not have the right to do this.',
      'not-found': 'Not found.',
      'rule-broken': 'The rules do not allow this.',
      'wrong-state': 'Not possible in the state the case is in.',
      'version-conflict': 'Somebody else acted on this case a moment ago.',
      'key-reused': 'This request was already sent with other content.',
    },
    server: 'The server could not do it; please try again later.',
    other: 'That did not work.',
  },
  unit: 'unit',
  units: {
    continuous: { minute: 'minutes', hour: 'hours', day: 'days' },
    working: { minute: 'working minutes', hour: 'working hours', day: 'working days' },
  },
  loading: 'Loading…',
  save: 'Save',
  cancel: 'Cancel',
  add: 'Add',
  remove: 'Remove',
  edit: 'Edit',
  search: 'Search',
  none: 'None',
  reason: 'Reason',
  wholeCity: 'Whole city',
  again: 'Press again to confirm',
};

export const words = new Words<FormWords>(zh, en);
