import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';

const repository = join(import.meta.dirname, '..', '..');
const READY_MS = 150_000;
const STOP_MS = 30_000;

/** A running `cityward serve` or `cityward demo`. */
export interface Program {
  url: string;
  /** Printed at the first start on a data folder only. */
  password: string | null;
  /** Of everybody else in a demo city; printed at its first start only. */
  staffPassword: string | null;
  process: ChildProcess;
}

/** The program under test. */
export function binary(): string {
  const path = process.env.CITYWARD_BIN ?? join(repository, 'target/debug/cityward');
  if (!existsSync(path)) throw new Error(`${path} is missing: cargo build, or set CITYWARD_BIN`);
  return path;
}

export async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const address = probe.address();
  probe.close();
  if (address === null || typeof address === 'string') throw new Error('no free port');
  return address.port;
}

/** Starts the program on a data folder and a port of its own and waits until it is ready. */
export async function start(
  command: string[],
  { dataDir, port }: { dataDir: string; port: number },
): Promise<Program> {
  const { DATABASE_URL: _, ...inherited } = process.env;
  const child = spawn(binary(), command, {
    cwd: repository,
    env: {
      ...inherited,
      CITYWARD_DATA_DIR: dataDir,
      CITYWARD_LISTEN: `127.0.0.1:${port}`,
      CITYWARD_LOG: 'warn',
      // the cameras of the specs are on this machine
      CITYWARD_SOURCE_ALLOW_LOCAL: 'true',
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let printed = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (text: Buffer) => {
      printed += text;
    });
  }
  const url = `http://127.0.0.1:${port}`;
  const until = Date.now() + READY_MS;
  while (!(await isReady(url))) {
    if (child.exitCode !== null) throw new Error(`cityward ended at once:\n${printed}`);
    if (Date.now() > until) throw new Error(`cityward is not ready:\n${printed}`);
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  const password = /as admin with the password (\S+)/.exec(printed)?.[1] ?? null;
  const staffPassword = /people .* with the password (\S+)/.exec(printed)?.[1] ?? null;
  return { url, password, staffPassword, process: child };
}

async function isReady(url: string): Promise<boolean> {
  return fetch(`${url}/readyz`).then(
    ({ ok }) => ok,
    () => false,
  );
}

/** SIGTERM, and wait for the end. */
export async function stop({ process: child }: Program): Promise<void> {
  if (child.exitCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  const late = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
  await ended;
  clearTimeout(late);
}
