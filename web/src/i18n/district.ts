import { Words } from './index.svelte';

/** The desks of the districts and of the committee. */
const zh = {
  district: {
    title: '区级派遣',
    tabs: { redispatch: '待再派遣', own: '本区在办', review: '待审核', disputes: '本区争议' },
  },
  committee: {
    title: '城管委',
    tabs: { disputes: '上报的争议', city: '全市案件' },
    readOnly: '全市案件，只读。',
    find: '按类别、编号、单位查找',
  },
};

export type DistrictWords = typeof zh;

const en: DistrictWords = {
  district: {
    title: 'District dispatch',
    tabs: {
      redispatch: 'To send on',
      own: 'In the district',
      review: 'To review',
      disputes: 'Disputes',
    },
  },
  committee: {
    title: 'Committee',
    tabs: { disputes: 'Escalated disputes', city: 'Whole city' },
    readOnly: 'Cases of the whole city, to read.',
    find: 'Find by class, number or unit',
  },
};

export const districtWords = new Words<DistrictWords>(zh, en);
