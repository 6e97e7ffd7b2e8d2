import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { binary } from './program';

interface Report {
  image: { width: number; height: number };
  detections: { class: string | null; confidence: number; case_id: number | null }[];
}

/** Speaks to the program as the administrator and as a video platform of theirs. */
export class Street {
  private constructor(
    private readonly url: string,
    private readonly cookie: string,
    private readonly platform: { id: number; token: string },
  ) {}

  static async open(url: string, password: string): Promise<Street> {
    const session = await fetch(`${url}/api/v1/session`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ login: 'admin', password }),
    });
    const cookie = session.headers.get('set-cookie')?.split(';')[0] ?? '';
    const made = await fetch(`${url}/api/v1/platforms`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', cookie },
      body: JSON.stringify({ name: `e2e ${process.pid} ${Date.now()}` }),
    });
    if (!made.ok) throw new Error(`no platform: ${made.status} ${await made.text()}`);
    return new Street(url, cookie, (await made.json()) as { id: number; token: string });
  }

  async ask<T>(path: string, method = 'GET', body?: unknown): Promise<T> {
    const answer = await fetch(this.url + path, {
      method,
      headers: { 'content-type': 'application/json', cookie: this.cookie },
      body: body === undefined ? null : JSON.stringify(body),
    });
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
    return (await answer.json()) as T;
  }

  /** Pushes a picture; with `wait`, the answer says what was seen in it. */
  async push(cameraId: string, jpeg: Buffer, wait: true, capturedAt?: Date): Promise<Report>;
  async push(cameraId: string, jpeg: Buffer, wait: false): Promise<null>;
  async push(
    cameraId: string,
    jpeg: Buffer,
    wait: boolean,
    capturedAt = new Date(),
  ): Promise<Report | null> {
    const path = `/api/v1/cameras/${cameraId}/frames${wait ? '?wait=true' : ''}`;
    const answer = await fetch(this.url + path, {
      method: 'POST',
      headers: {
        'content-type': 'image/jpeg',
        'x-captured-at': capturedAt.toISOString(),
        authorization: `Bearer ${this.platform.token}`,
      },
      body: new Uint8Array(jpeg),
    });
    if (answer.status !== (wait ? 200 : 202)) {
      throw new Error(`push: ${answer.status} ${await answer.text()}`);
    }
    return wait ? ((await answer.json()) as { frames: Report[] }).frames[0]! : null;
  }

  /** A camera that looks north along a street from 8 m up; uncalibrated without `image`. */
  async camera(
    cameraId: string,
    at: { lon: number; lat: number },
    image?: { width: number; height: number },
  ): Promise<void> {
    await this.ask(`/api/v1/cameras/${cameraId}`, 'PUT', {
      name_zh: `测试相机 ${cameraId}`,
      name_en: `Test camera ${cameraId}`,
      ...at,
      height_m: 8,
      platform_id: this.platform.id,
    });
    if (!image) return;
    await this.ask(`/api/v1/cameras/${cameraId}/calibration`, 'PUT', {
      image_width_px: image.width,
      image_height_px: image.height,
      pairs: pairsOf(at, image),
    });
  }
}

/** Eight pixel/ground pairs of a camera that looks north: rows get farther towards the horizon. */
function pairsOf(
  at: { lon: number; lat: number },
  { width, height }: { width: number; height: number },
) {
  const M_PER_DEG = { lon: 94_030, lat: 110_893 };
  const horizon = 0.3;
  return [1, 0.8, 0.62, 0.5].flatMap((row) =>
    [0.1, 0.9].map((column) => {
      const north_m = 6 / (row - horizon);
      const east_m = (column - 0.5) * north_m * 1.2;
      return {
        x: column * width,
        y: row * height,
        lon: at.lon + east_m / M_PER_DEG.lon,
        lat: at.lat + north_m / M_PER_DEG.lat,
      };
    }),
  );
}

/** Rendered street scenes of the program's own, as JPEG files in a new folder. */
export async function renderFrames(count: number): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'cityward-frames-'));
  const args = ['demo-frames', '--out', folder, '--count', String(count), '--seed', '11'];
  await promisify(execFile)(binary(), args);
  return folder;
}

export interface Incident {
  jpeg: Buffer;
  image: { width: number; height: number };
  class: string;
}

/** The rendered frames in which the shipped model is sure of exactly one thing that happens. */
export async function incidents(
  street: Street,
  folder: string,
  scout: string,
  wanted: number,
): Promise<Incident[]> {
  const found: Incident[] = [];
  const names = (await readdir(folder)).filter((name) => name.endsWith('.jpg')).sort();
  for (const name of names) {
    const jpeg = await readFile(join(folder, name));
    const { image, detections } = await street.push(scout, jpeg, true);
    const [only, ...others] = detections.filter((each) => each.class !== null);
    if (only?.class && only.confidence > 0.6 && others.length === 0) {
      found.push({ jpeg, image, class: only.class });
      if (found.length === wanted) return found;
    }
  }
  throw new Error(`the model is sure of one thing in ${found.length} of ${names.length} frames`);
}
