import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { freePort, start, stop } from './program';
import { renderFrames } from './street';

const FRAMES = 32;

/** A city that specs may do with as they like, one spec after the other. */
export interface City {
  url: string;
  password: string;
  /** Of everybody in the demo city but the administrator. */
  staffPassword: string;
  /** A folder of rendered street scenes. */
  frames: string;
}

declare module 'vitest' {
  export interface ProvidedContext {
    cities: City[];
  }
}

/** A demo city for every worker; its own cameras rest, the specs push what they need. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const frames = await renderFrames(FRAMES);
  const workers = project.config.maxWorkers;
  const cities = await Promise.all(Array.from({ length: workers }, () => found(frames)));
  project.provide(
    'cities',
    cities.map(({ city }) => city),
  );
  return async () => {
    await Promise.all(cities.map(({ end }) => end()));
    await rm(frames, { recursive: true, force: true });
  };
}

async function found(frames: string): Promise<{ city: City; end: () => Promise<void> }> {
  const dataDir = await mkdtemp(join(tmpdir(), 'cityward-e2e-'));
  const port = await freePort();
  const program = await start(['demo', '--period-s', '3600'], { dataDir, port });
  const { url, password, staffPassword } = program;
  if (password === null) throw new Error('the first start printed no password');
  if (staffPassword === null) throw new Error('the demo city printed no people');
  return {
    city: { url, password, staffPassword, frames },
    end: async () => {
      await stop(program);
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}
