import { Words } from './index.svelte';

/** The quick-disposal office and its ledger. */
const zh = {
  title: '快速处置',
  tabs: { cases: '在办', crews: '队伍', ledger: '经费' },
  crews: {
    none: '还没有快速处置队伍。管理员可新建类型为“快速处置队伍”的单位。',
    load: (n: number) => `在办 ${n} 件`,
    contact: '联系人',
  },
  ledger: {
    year: '年度',
    budget: '预算',
    spent: '支出',
    recovered: '追回',
    balance: '结余',
    yuan: '元',
    used: (percent: string) => `已用 ${percent}`,
    entries: '流水',
    none: '这一年还没有流水。',
    kinds: { budget: '预算', spend: '支出', recovery: '追回' },
    at: '时间',
    what: '内容',
    amount: '金额（元）',
    by: '经办',
    more: '更早的流水',
    addBudget: '调整预算',
    amountHint: '正数增加，负数削减',
    addRecovery: '登记追回',
    recoveryLead: '后来找到责任人时，向其追回垫付的费用。',
    approve: '批准超支',
    approveLead: '结余不足时，值班长或领导可为一件案件批准超出结余的支出。',
    caseId: '案件编号',
    from: '由谁支付',
    unknown: '未指明',
    booked: (balance: string) => `已记账，结余 ${balance} 元`,
    case: (id: number) => `案件 #${id}`,
  },
};

export type QuickWords = typeof zh;

const en: QuickWords = {
  title: 'Quick disposal',
  tabs: { cases: 'Cases', crews: 'Crews', ledger: 'Ledger' },
  crews: {
    none: 'No crews yet. An administrator can make units of the kind “quick-disposal crew”.',
    load: (n) => `${n} in hand`,
    contact: 'Contact',
  },
  ledger: {
    year: 'Year',
    budget: 'Budget',
    spent: 'Spent',
    recovered: 'Recovered',
    balance: 'Balance',
    yuan: 'yuan',
    used: (percent) => `${percent} used`,
    entries: 'Entries',
    none: 'No entries in this year yet.',
    kinds: { budget: 'Budget', spend: 'Spent', recovery: 'Recovered' },
    at: 'When',
    what: 'What',
    amount: 'Amount (yuan)',
    by: 'By',
    more: 'Earlier entries',
    addBudget: 'Change budget',
    amountHint: 'positive adds, negative cuts',
    addRecovery: 'Book a recovery',
    recoveryLead: 'When an owner is found later, they pay back what the city spent.',
    approve: 'Approve overspending',
    approveLead:
      'Where the balance does not suffice, a duty chief or leader may let one case be spent beyond it.',
    caseId: 'Case number',
    from: 'Paid by',
    unknown: 'not named',
    booked: (balance) => `Booked; balance ${balance} yuan`,
    case: (id) => `Case #${id}`,
  },
};

export const quickWords = new Words<QuickWords>(zh, en);
