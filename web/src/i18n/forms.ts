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
      'wrong-state': '当前状态不能这样办。',
      'version-conflict': '刚才有人先动了它。',
      'no-partition': '现行网格有重叠，不能改：先修复网格文件，再重新导入。',
      'own-plan': '自己写的方案要由别人批准。',
      'another-scheduled': '已有一个方案在等生效，一次只能有一个。',
      'steps-do-not-fit': '有一步在现行网格上做不了：先撤销它。',
      'not-valid': '方案还有错误，先校验。',
      'choice-not-possible': '这样选做不到，换一个选择。',
      'has-cells': '本市已有网格，改动在方案里进行。',
      'cells-not-taken': '文件里的网格不能用。',
      busy: '别处正在试取，稍后再试。',
      'source-failed': '没有取到画面。',
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
      'wrong-state': 'Not possible in the state it is in.',
      'version-conflict': 'Somebody else changed it a moment ago.',
      'no-partition':
        'The published cells overlap: repair their file and import it again before redrawing.',
      'own-plan': 'A plan is approved by somebody who wrote none of it.',
      'another-scheduled': 'Another plan waits for its date; one at a time.',
      'steps-do-not-fit': 'A step cannot be done on the grid in force: undo it first.',
      'not-valid': 'The plan has errors; validate it first.',
      'choice-not-possible': 'That choice cannot be had; take another.',
      'has-cells': 'The city has cells already; they change in plans.',
      'cells-not-taken': 'The cells of the file cannot be used.',
      busy: 'Others are being tried out; try again in a moment.',
      'source-failed': 'No picture came of it.',
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
