import type {
  CameraView,
  CaseDetail,
  CatalogueClass,
  Person,
  Placement,
  Platform,
  Problem,
  Snapshot,
  Unit,
} from './types';

/** An answer that was not 2xx; `status` 0 means the server could not be reached. */
export class ApiError extends Error {
  constructor(readonly problem: Problem) {
    super(problem.detail ?? problem.title ?? `status ${problem.status}`);
  }

  get status(): number {
    return this.problem.status;
  }
}

let signedOut: () => void = () => {};

/** Calls `listener` whenever the server says that nobody is signed in. */
export function onSignedOut(listener: () => void): void {
  signedOut = listener;
}

export async function problemOf(response: Response): Promise<Problem> {
  const fallback: Problem = { status: response.status, title: response.statusText };
  const isProblem = response.headers.get('content-type')?.includes('json');
  return isProblem ? { ...fallback, ...((await response.json()) as Problem) } : fallback;
}

async function answerTo(
  method: string,
  path: string,
  body?: unknown,
  headers: Record<string, string> = {},
): Promise<Response> {
  const asItIs = body instanceof FormData || body instanceof Blob;
  const plain = body === undefined || asItIs;
  let response: Response;
  try {
    response = await fetch(path, {
      method,
      headers: plain ? headers : { 'content-type': 'application/json', ...headers },
      body: asItIs ? body : body === undefined ? undefined : JSON.stringify(body),
    });
  } catch {
    throw new ApiError({ status: 0, title: 'unreachable' });
  }
  if (!response.ok) {
    if (response.status === 401 && path !== '/api/v1/session') signedOut();
    throw new ApiError(await problemOf(response));
  }
  return response;
}

/** Asks the server; a form or a file travels as it is, everything else as JSON. */
export async function ask<T>(
  method: string,
  path: string,
  body?: unknown,
  headers: Record<string, string> = {},
): Promise<T> {
  const response = await answerTo(method, path, body, headers);
  const text = response.status === 204 ? '' : await response.text();
  return (text ? JSON.parse(text) : undefined) as T;
}

/** Asks for a file. */
export async function askFile(method: string, path: string, body: unknown): Promise<Blob> {
  return (await answerTo(method, path, body)).blob();
}

const id = encodeURIComponent;

/** `?a=1&b=2` of what is set. */
export function query(
  params: Record<string, string | number | boolean | null | undefined>,
): string {
  const pairs = Object.entries(params)
    .filter(([, value]) => value !== null && value !== undefined && value !== '')
    .map(([key, value]) => `${key}=${id(String(value))}`);
  return pairs.length > 0 ? `?${pairs.join('&')}` : '';
}

export const signIn = (login: string, password: string) =>
  ask<{ person: Person }>('POST', '/api/v1/session', { login, password });
export const session = () => ask<{ person: Person }>('GET', '/api/v1/session');
export const signOut = () => ask<void>('DELETE', '/api/v1/session');

export const catalogue = () => ask<{ classes: CatalogueClass[] }>('GET', '/api/v1/catalogue');
export const units = () => ask<{ units: Unit[] }>('GET', '/api/v1/units');
export const cameras = () => ask<{ cameras: CameraView[] }>('GET', '/api/v1/cameras');
export const camera = (cameraId: string) =>
  ask<CameraView>('GET', `/api/v1/cameras/${id(cameraId)}`);
export const cameraFrameUrl = (cameraId: string, moment: number) =>
  `/api/v1/cameras/${id(cameraId)}/frame?at=${moment}`;

export const snapshot = () => ask<Snapshot>('GET', '/api/v1/live/snapshot');
/** `tiles`: of which tiles news is wanted. */
export const liveUrl = (after: string, tiles: Record<string, string>) =>
  `/api/v1/live${query({ after, ...tiles })}`;
export const caseDetail = (caseId: number) => ask<CaseDetail>('GET', `/api/v1/cases/${caseId}`);
export const locate = (lon: number, lat: number, classCode: string) =>
  ask<Placement>('GET', `/api/v1/locate?lon=${lon}&lat=${lat}&class=${id(classCode)}`);

export const platforms = () => ask<{ platforms: Platform[] }>('GET', '/api/v1/platforms');
export const addPlatform = (name: string) => ask<Platform>('POST', '/api/v1/platforms', { name });
export const revokePlatform = (platformId: number) =>
  ask<void>('DELETE', `/api/v1/platforms/${platformId}`);
