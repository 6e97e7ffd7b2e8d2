import type { CaseRow, CaseSource, CaseState } from '../api/types';

/** Where in its life a case is; each phase has a colour. */
export type Phase = 'triage' | 'dispatch' | 'inwork' | 'verify' | 'closed';
export const PHASES: readonly Phase[] = ['triage', 'dispatch', 'inwork', 'verify', 'closed'];

const PHASE: Record<CaseState, Phase> = {
  reported: 'triage',
  verifying: 'triage',
  self_handled: 'triage',
  filed: 'dispatch',
  dispatched: 'dispatch',
  disputed: 'dispatch',
  quick: 'inwork',
  handling: 'inwork',
  suspended: 'inwork',
  handled: 'verify',
  checking: 'verify',
  checked: 'verify',
  rejected: 'closed',
  merged: 'closed',
  voided: 'closed',
  closed: 'closed',
  closed_unqualified: 'closed',
  closed_forced: 'closed',
};

export const phaseOf = (state: CaseState): Phase => PHASE[state];
export const isOpen = (row: Pick<CaseRow, 'state'>): boolean => PHASE[row.state] !== 'closed';

/** What told of it: a square from a camera, a diamond from a sensor or system, and so on. */
export type Shape = 'square' | 'diamond' | 'circle' | 'triangle';
export const SHAPES: readonly Shape[] = ['square', 'diamond', 'circle', 'triangle'];

const SHAPE: Record<CaseSource, Shape> = {
  camera: 'square',
  sensor: 'diamond',
  exchange: 'diamond',
  collector: 'triangle',
  hotline: 'circle',
  public: 'circle',
  media: 'circle',
  department: 'circle',
  leader: 'circle',
};

export const shapeOf = (source: CaseSource): Shape => SHAPE[source];

/** The shapes on a 12-unit square, for the page and the map alike. */
export const OUTLINES: Record<Shape, string> = {
  square:
    'M3 1.500h6A1.500 1.500 0 0 1 10.500 3v6A1.500 1.500 0 0 1 9 10.500H3A1.500 1.500 0 0 1 1.500 9V3A1.500 1.500 0 0 1 3 1.500z',
  diamond: 'M6 .6L11.400 6L6 11.400L.6 6z',
  circle: 'M6 1.100A4.900 4.900 0 1 1 6 10.900A4.900 4.900 0 1 1 6 1.100z',
  triangle: 'M6 1L11.300 10.600H.7z',
};
