/** What looks at the cameras' frames. */
import { ask } from './client';

export interface ModelView {
  name: string;
  version: string;
  /** What it computes on. */
  on: string;
  /** What was wanted more and could not be had. */
  passed_over: { wanted: string; reason: string }[];
}

export interface ModelList {
  models: ModelView[];
  /** Looks beside them and is only compared. */
  shadow: {
    model: ModelView;
    frames: number;
    labels: Record<string, { both: number; in_use_only: number; shadow_only: number }>;
  } | null;
}

export const models = () => ask<ModelList>('GET', '/api/v1/models');
