import { spawn } from 'node:child_process';
import { chmodSync, cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { constants, tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { Command, type CommandResult } from './command.ts';
import { endAll } from './processes.ts';
import { REPOSITORY } from './repository.ts';

/** A program that runs in a place, in a process group of its own. */
export interface Running {
  readonly ended: Promise<CommandResult>;
  readonly stderr: () => string;
  /** Sends a signal to the process group, as a terminal does. */
  signal(signal: NodeJS.Signals): void;
}

/** A folder where programs run as a user's would: the built `virnucpro` is on PATH, and examples/ lies there. */
export class ShellPlace {
  readonly folder: string;
  readonly #env: NodeJS.ProcessEnv;
  readonly #stateHome: string;

  /** @param env for every program, e.g. TEMPORAL_ADDRESS */
  constructor(env: Record<string, string> = {}) {
    this.folder = mkdtempSync(join(tmpdir(), 'virnucpro-shell-'));
    this.#stateHome = this.path('.state');
    mkdirSync(this.#stateHome);
    mkdirSync(this.path('.bin'));
    const program = this.path('.bin', 'virnucpro');
    const main = join(REPOSITORY, 'dist', 'cli', 'main.js');
    writeFileSync(program, `#!/bin/sh\nexec '${process.execPath}' '${main}' "$@"\n`);
    chmodSync(program, 0o755);
    cpSync(join(REPOSITORY, 'examples'), this.path('examples'), {
      recursive: true,
      filter: (path) => !path.endsWith('/output'),
    });
    const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith('TEMPORAL_'));
    const PATH = [this.path('.bin'), process.env['PATH']].join(delimiter);
    this.#env = { ...Object.fromEntries(inherited), XDG_STATE_HOME: this.#stateHome, PATH, ...env };
  }

  path(...names: string[]): string {
    return join(this.folder, ...names);
  }

  /** Starts a program; `env` is added to that of the place. */
  start(program: string, args: readonly string[], env: Record<string, string> = {}): Running {
    const child = spawn(program, args, {
      cwd: this.folder,
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...this.#env, ...env },
    });
    let [stdout, stderr] = ['', ''];
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    const ended = new Promise<CommandResult>((resolve, reject) => {
      child.once('error', reject);
      child.once('close', (code, by) =>
        resolve({ code: code ?? 128 + constants.signals[by ?? 'SIGKILL'], stdout, stderr }),
      );
    });
    const signal = (name: NodeJS.Signals) => void process.kill(-(child.pid ?? 0), name);
    return { ended, stderr: () => stderr, signal };
  }

  /** Runs a program to its end. */
  run(program: string, args: readonly string[], env?: Record<string, string>): Promise<CommandResult> {
    return this.start(program, args, env).ended;
  }

  /** Starts `virnucpro worker` and waits until it serves. */
  async startWorker(args: readonly string[]): Promise<void> {
    const worker = new Command(['worker', ...args], { stateHome: this.#stateHome, cwd: this.folder });
    await worker.said('serving');
  }

  /** Ends everything that was started here, and removes the folder. */
  remove(): void {
    endAll(this.#stateHome);
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  }
}
