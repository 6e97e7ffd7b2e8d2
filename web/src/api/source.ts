/** Where a camera is asked for its pictures. */
import { ApiError, ask, problemOf } from './client';

export const SOURCE_KINDS = ['snapshot', 'mjpeg', 'rtsp'] as const;
export type SourceKind = (typeof SOURCE_KINDS)[number];

export const FAILURES = [
  'address',
  'unreachable',
  'late',
  'unauthorised',
  'redirected',
  'answered',
  'malformed',
  'too-large',
  'not-a-picture',
  'stalled',
  'ended',
  'stream',
  'no-ffmpeg',
  'sealed',
] as const;
export type FailureKind = (typeof FAILURES)[number];

export interface Source {
  kind: SourceKind;
  url: string;
  login: string | null;
  period_s: number;
}

/** `password` null: the one that is kept. */
export interface SourceDraft extends Source {
  password: string | null;
}

export interface PullState {
  phase: 'connecting' | 'streaming' | 'waiting';
  since: string;
  retry_at: string | null;
  failure: { kind: FailureKind; detail: string; at: string } | null;
  taken: number;
  refused: number;
  skipped: number;
  reconnects: number;
  picture_at: string | null;
  /** Seconds the camera's clock is ahead of ours. */
  clock_drift_s: number | null;
}

export interface SourceOfCamera {
  /** Null: its pictures are pushed. */
  source: Source | null;
  /** Null: no process has taken it on yet. */
  state: PullState | null;
}

export interface Device {
  clock_drift_s: number | null;
  profiles: { name: string; snapshot_url: string | null; stream_url: string | null }[];
}

const path = (cameraId: string) => `/api/v1/cameras/${encodeURIComponent(cameraId)}/source`;

export const source = (cameraId: string) => ask<SourceOfCamera>('GET', path(cameraId));
export const saveSource = (cameraId: string, draft: SourceDraft) =>
  ask<SourceOfCamera>('PUT', path(cameraId), draft);
export const removeSource = (cameraId: string) => ask<void>('DELETE', path(cameraId));
export const askDevice = (
  cameraId: string,
  device: { url: string; login: string | null; password: string | null },
) => ask<Device>('POST', `${path(cameraId)}/onvif`, device);

/** One picture of a source that is not saved. */
export async function trySource(cameraId: string, draft: SourceDraft): Promise<Blob> {
  let answer: Response;
  try {
    answer = await fetch(`${path(cameraId)}/try`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(draft),
    });
  } catch {
    throw new ApiError({ status: 0, title: 'unreachable' });
  }
  if (!answer.ok) throw new ApiError(await problemOf(answer));
  return answer.blob();
}
