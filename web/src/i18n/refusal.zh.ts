import { dayAndTime } from '../time';

/** Why a step cannot be taken, by the server's code; the parameters go into the sentence. */

type Params = Record<string, unknown>;

const text = (value: unknown) => (value === null || value === undefined ? '' : String(value));
const yuan = (fen: unknown) => (Number(fen) / 100).toFixed(2);
const time = (at: unknown) => dayAndTime(text(at), 'zh-CN');

const PENDING: Record<string, string> = {
  void: '作废',
  extension: '延期',
  suspension: '挂账',
  appeal: '申诉',
};

export const refusalsZh = {
  role: () => '你的岗位不能做这一步。',
  area: () => '案件不在你的辖区。',
  unit: () => '案件不在你的单位手里。',
  assignee: () => '任务派给了别人。',
  own_system: () => '该区使用自己的系统，由区里办理。',
  shared_district: () => '该区使用市级系统，由市监督中心办理。',
  level: () => '这个争议由另一级裁定。',
  pending: ({ pending, needed }: Params) =>
    needed
      ? `没有等待决定的${PENDING[text(needed)] ?? ''}申请。`
      : `${PENDING[text(pending)] ?? ''}申请还在等待决定。`,
  too_late: ({ until }: Params) => `只能在 ${time(until)} 前撤回。`,
  extensions_used: ({ max }: Params) => `延期最多 ${text(max)} 次，已用完。`,
  overdue: () => '已经超期，不能再申请延期。',
  dispatched_on: () => '已再次派遣过，不能再派一级。',
  notified: () => '通知已经送达。',
  final: () => '争议已有终局裁定，不能再提。',
  window_closed: ({ until }: Params) => `提出异议的期限已于 ${time(until)} 结束。`,
  highest_level: () => '已在最高一级，不能再提交。',
  not_emergency: () => '只有应急案件需要这一步。',
  arrived: () => '已登记到场。',
  not_arrived: () => '请先登记到场。',
  guarded: () => '已经设防。',
  not_guarded: () => '应急案件须先设防，再反馈。',
  emergency: () => '应急案件不能延期或挂账。',
  suspended_before: () => '已挂账过一次，不能再次挂账。',
  handler_may_not_check: () => '处置过这件案件的人或单位不能核查。',
  check_failed: () => '核查不合格，不能准予结案。',
  not_supervised: () => '案件没有被督办。',
  replied: () => '已经回复过督办。',
  not_overdue: () => '案件没有超期，无需申诉。',
  appealed: () => '已经申诉过一次。',
  supported: () => '已经支持过。',
  not_supported: () => '派遣员还没有支持这个申诉。',
  nothing_to_undo: () => '最后一步不能撤回。',
  acted_since: () => '此后已有别人办理，不能撤回。',
  beyond_balance: ({ balance_fen, missing_fen }: Params) =>
    balance_fen !== undefined
      ? `超过快速处置经费余额 ${yuan(balance_fen)} 元。`
      : `快速处置经费余额不足${missing_fen !== undefined ? `，差 ${yuan(missing_fen)} 元` : ''}。`,
  beyond_close_cap: ({ cap_fen }: Params) => `费用超过 ${yuan(cap_fen)} 元，须核查后才能结案。`,
  beyond_cap: ({ cap_fen }: Params) => `超过单件上限 ${yuan(cap_fen)} 元。`,
  cost: ({ cap_fen }: Params) => `超过单件上限 ${yuan(cap_fen)} 元。`,
  too_far: ({ distance_m, radius_m }: Params) =>
    `你的位置距案件 ${text(distance_m)} 米，须在 ${text(radius_m)} 米以内。`,
  photos: ({ min, given }: Params) => `至少需要 ${text(min)} 张照片，现有 ${text(given ?? 0)} 张。`,
  unknown_case: ({ case: id }: Params) => `没有案件 #${text(id)}。`,
  not_open: ({ case: id }: Params) => `案件 #${text(id)} 已经结束，不能并入。`,
  itself: () => '不能并入它自己。',
  other_class: () => '类别不同，不能并案。',
  no_condition: () => '没有这个立案条件。',
  other_condition: () => '这个立案条件不属于该类别。',
  no_class: () => '没有这个类别。',
  unknown_unit: () => '没有这个单位，或它已停用。',
  no_unit: () => '请选择处置单位。',
  released_unit: () => '这个单位在异议中已被免责，请选择其他单位。',
  no_limit: () => '没有处置时限，请先确定立案条件。',
  no_closing: () => '没有结案条件，请先确定立案条件。',
  limit_reason: () => '改变时限须写明理由。',
  closing_unmet: () => '结案条件尚未全部满足。',
  unknown_quick_reason: () => '没有这个快速处置条件。',
  no_quick_reason: () => '请至少选择一个快速处置的条件。',
  not_a_crew: () => '这个单位不是快速处置队伍。',
  bill: () => '费用明细有误。',
  too_far_off: ({ latest }: Params) => `日期太远，最迟 ${time(latest)}。`,
  past: () => '时间已经过去，请选择以后的时间。',
  not_of_unit: () => '此人不在这个单位。',
  not_on_site: () => '此人不是采集员或核查员。',
  same_unit: () => '就是原来的单位。',
  outside_district: () => '这个单位不在本区。',
  outside_level: () => '这个单位不在你能裁定的范围内。',
};

export type RefusalWords = typeof refusalsZh;
