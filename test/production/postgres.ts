import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, mkdtempSync, openSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { freePorts } from '../../src/server/free-ports.ts';

const run = promisify(execFile);

/** PostgreSQL refuses to run as root; its Debian package makes the first of these users. */
const UNPRIVILEGED_USERS = ['postgres', 'nobody'];

/** A PostgreSQL of the test's own: its data live in a folder, its server may be killed and started again. */
export class Postgres {
  readonly port: number;
  readonly #bin: string;
  readonly #folder: string;
  readonly #user: { uid?: number; gid?: number };
  #process: ChildProcess | undefined;

  private constructor(bin: string, folder: string, port: number, user: { uid?: number; gid?: number }) {
    this.#bin = bin;
    this.#folder = folder;
    this.port = port;
    this.#user = user;
  }

  /** Makes a database cluster with the superuser `temporal`, who needs no password, and starts its server. */
  static async create(bin: string): Promise<Postgres> {
    // Not inside another folder of the test's: its user may not pass through that.
    const folder = mkdtempSync(join(tmpdir(), 'virnucpro-postgres-'));
    const user = await unprivileged();
    if (user.uid !== undefined && user.gid !== undefined) chownSync(folder, user.uid, user.gid);
    const [port] = (await freePorts('127.0.0.1', 1)) as [number];
    const postgres = new Postgres(bin, folder, port, user);
    const options = ['-D', join(folder, 'data'), '-A', 'trust', '-U', 'temporal', '-E', 'UTF8'];
    await run(join(bin, 'initdb'), options, { cwd: folder, ...user });
    await postgres.start();
    return postgres;
  }

  /** Resolves when it takes connections; right after a SIGKILL, when what is left of the old server is gone. */
  async start(): Promise<void> {
    const log = openSync(join(this.#folder, 'postgres.log'), 'a');
    const options = ['-D', join(this.#folder, 'data'), '-p', String(this.port), '-k', this.#folder];
    for (;;) {
      const child = spawn(join(this.#bin, 'postgres'), [...options, '-c', 'listen_addresses=127.0.0.1'], {
        cwd: this.#folder,
        stdio: ['ignore', log, log],
        ...this.#user,
      });
      this.#process = child;
      while (child.exitCode === null && !(await accepts(this.port))) await sleep(50);
      if (child.exitCode === null) return;
      await sleep(200);
    }
  }

  /** SIGKILL to the server and to every process that serves a connection. */
  async kill(): Promise<void> {
    const { pid } = this.#process!;
    const ended = once(this.#process!, 'exit');
    for (const one of [pid!, ...childrenOf(pid!)]) killIfThere(one);
    await ended;
  }

  /** Ends it and removes its data. */
  async stop(): Promise<void> {
    const child = this.#process;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    // Fast shutdown: connections are cut.
    child.kill('SIGINT');
    await ended;
    rmSync(this.#folder, { recursive: true, force: true });
  }

  log(): string {
    return readFileSync(join(this.#folder, 'postgres.log'), 'utf8');
  }
}

/** Those that serve a connection end by themselves when it ends. */
function killIfThere(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

async function unprivileged(): Promise<{ uid?: number; gid?: number }> {
  if (process.getuid?.() !== 0) return {};
  for (const name of UNPRIVILEGED_USERS) {
    const ids = await Promise.all([run('id', ['-u', name]), run('id', ['-g', name])]).catch(() => undefined);
    if (ids !== undefined) return { uid: Number(ids[0].stdout), gid: Number(ids[1].stdout) };
  }
  throw new Error(
    `PostgreSQL does not run as root, and none of these users is there: ${UNPRIVILEGED_USERS.join(', ')}`,
  );
}

async function accepts(port: number): Promise<boolean> {
  const socket = connect({ host: '127.0.0.1', port });
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

function childrenOf(parent: number): number[] {
  const numbers = readdirSync('/proc').filter((name) => /^\d+$/u.test(name));
  return numbers.filter((pid) => parentOf(pid) === parent).map(Number);
}

function parentOf(pid: string): number {
  try {
    return Number(/^PPid:\s+(\d+)/mu.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);
  } catch {
    return 0;
  }
}
