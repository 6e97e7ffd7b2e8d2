import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { freePort, start, stop } from './program';
import { renderFrames } from './street';

const FRAMES = 32;

declare module 'vitest' {
  export interface ProvidedContext {
    url: string;
    password: string;
    /** Of everybody in the demo city but the administrator. */
    staffPassword: string;
    /** A folder of rendered street scenes. */
    frames: string;
  }
}

/** One demo city for all specs; its own cameras rest, the specs push what they need. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const dataDir = await mkdtemp(join(tmpdir(), 'cityward-e2e-'));
  const port = await freePort();
  const city = await start(['demo', '--period-s', '3600'], { dataDir, port });
  if (city.password === null) throw new Error('the first start printed no password');
  project.provide('url', city.url);
  if (city.staffPassword === null) throw new Error('the demo city printed no people');
  project.provide('password', city.password);
  project.provide('staffPassword', city.staffPassword);
  const frames = await renderFrames(FRAMES);
  project.provide('frames', frames);
  return async () => {
    await stop(city);
    await rm(frames, { recursive: true, force: true });
    await rm(dataDir, { recursive: true, force: true });
  };
}
