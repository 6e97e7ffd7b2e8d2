import type { Theme } from '../shell/theme.svelte';

/** The map's colours; the page's are the tokens in `app.css`. */
export interface Palette {
  land: string;
  green: string;
  water: string;
  building: string;
  street: string;
  streetMajor: string;
  streetEdge: string;
  label: string;
  labelFaint: string;
  waterLabel: string;
  halo: string;
  cellLine: string;
  cellLabel: string;
  component: string;
  damaged: string;
  camera: string;
  onCamera: string;
  selected: string;
  triage: string;
  dispatch: string;
  inwork: string;
  verify: string;
  closed: string;
  soon: string;
  over: string;
  /** One per responsible unit, cyclic; Paul Tol's muted scheme. */
  owners: string[];
  ownerOpacity: number;
}

const dark: Palette = {
  land: '#131A23',
  green: '#15231F',
  water: '#10293D',
  building: '#1A232E',
  street: '#2A3644',
  streetMajor: '#3A4A5C',
  streetEdge: '#131A23',
  label: '#C9D4DF',
  labelFaint: '#8696A6',
  waterLabel: '#6FA3C8',
  halo: '#0B0F14',
  cellLine: '#6B7C90',
  cellLabel: '#93A4B6',
  component: '#8495A7',
  damaged: '#E8EEF4',
  camera: '#5AA9FF',
  onCamera: '#06121F',
  selected: '#FFFFFF',
  triage: '#9FEAF5',
  dispatch: '#B1A3FA',
  inwork: '#1F7BF0',
  verify: '#36C59D',
  closed: '#7B7F85',
  soon: '#F0C51F',
  over: '#F2603A',
  owners: [
    '#CC6677',
    '#7F73D9',
    '#DDCC77',
    '#3FA566',
    '#88CCEE',
    '#B95C8B',
    '#44AA99',
    '#A6A64B',
    '#B870AE',
  ],
  ownerOpacity: 0.09,
};

const light: Palette = {
  land: '#F1F4F6',
  green: '#DFEBDD',
  water: '#C7DDEC',
  building: '#E4E9EE',
  street: '#FFFFFF',
  streetMajor: '#FFFFFF',
  streetEdge: '#D3DAE1',
  label: '#26323D',
  labelFaint: '#5F6D7A',
  waterLabel: '#2F6690',
  halo: '#FFFFFF',
  cellLine: '#7C8B9A',
  cellLabel: '#44525F',
  component: '#71808F',
  damaged: '#121A22',
  camera: '#0B5CC4',
  onCamera: '#FFFFFF',
  selected: '#121A22',
  triage: '#1583AB',
  dispatch: '#5B1B8C',
  inwork: '#3D49DF',
  verify: '#2F7A50',
  closed: '#797D82',
  soon: '#B96F0C',
  over: '#B9211A',
  owners: [
    '#CC6677',
    '#332288',
    '#DDCC77',
    '#117733',
    '#88CCEE',
    '#882255',
    '#44AA99',
    '#999933',
    '#AA4499',
  ],
  ownerOpacity: 0.13,
};

export function palette(theme: Theme): Palette {
  return theme === 'dark' ? dark : light;
}

/** Of what belongs to somebody. */
export function ownerColour(theme: Theme, owner: number | null): string {
  const { owners, cellLine } = palette(theme);
  return owner === null ? cellLine : (owners[owner % owners.length] ?? cellLine);
}
