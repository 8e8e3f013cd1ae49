import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Readable, Writable } from 'node:stream';

const MAIN = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));

/** How a command ended. */
export interface CommandResult {
  /** As a shell reports it: 128 + signal for a process that a signal ended. */
  code: number;
  stdout: string;
  stderr: string;
}

export interface CommandOptions {
  /** XDG_STATE_HOME of the command: its local servers and their logs live there. */
  stateHome: string;
  /** Added to the environment, which has no variable of Temporal's. */
  env?: Record<string, string>;
  cwd?: string;
  stdin?: string | Uint8Array;
}

const SIGNAL_NUMBERS: Readonly<Record<string, number>> = { SIGHUP: 1, SIGINT: 2, SIGKILL: 9, SIGTERM: 15 };

/** A running `virnucpro`, the built one, in a process group of its own as a shell would start it. */
export class Command {
  readonly ended: Promise<CommandResult>;
  readonly pid: number;
  #stdout = '';
  #stderr = '';
  readonly #listeners = new Set<() => void>();
  #isOver = false;

  constructor(args: readonly string[], options: CommandOptions) {
    if (!existsSync(MAIN)) throw new Error(`${MAIN} is missing: build first (npm run build)`);
    const child = spawn(process.execPath, [MAIN, ...args], {
      detached: true,
      stdio: ['pipe', 'pipe', 'pipe'],
      env: environment(options),
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    });
    this.pid = child.pid!;
    child.stdin.on('error', () => {});
    child.stdin.end(options.stdin ?? '');
    this.ended = this.#collect(child);
  }

  /** What it has said on stderr so far. */
  get stderr(): string {
    return this.#stderr;
  }

  /** Waits until stderr holds the text; fails if the command ends without having said it. */
  async said(text: string): Promise<void> {
    await this.until(() => this.#stderr.includes(text), `it says ${JSON.stringify(text)}`);
  }

  /** Waits until a condition holds, looking often; fails if the command ends first. */
  async until(condition: () => boolean, what: string): Promise<void> {
    while (!condition()) {
      if (this.#isOver) throw new Error(`the command ended before ${what}:\n${this.#stdout}\n${this.#stderr}`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, 20);
        this.#listeners.add(() => {
          clearTimeout(timer);
          resolve();
        });
      });
      this.#listeners.clear();
    }
  }

  /** Sends a signal to the command alone, as `kill PID` does. */
  signal(signal: NodeJS.Signals): void {
    process.kill(this.pid, signal);
  }

  /** Sends a signal to its process group, as Ctrl-C at a terminal or a batch system does. */
  signalGroup(signal: NodeJS.Signals): void {
    process.kill(-this.pid, signal);
  }

  async #collect(child: ChildProcessByStdio<Writable, Readable, Readable>): Promise<CommandResult> {
    const tell = () => {
      for (const listener of this.#listeners) listener();
    };
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      this.#stdout += text;
      tell();
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr += text;
      tell();
    });
    const [code, signal] = await new Promise<[number | null, string | null]>((resolve, reject) => {
      child.once('error', reject);
      child.once('close', (...ending) => resolve(ending));
    });
    this.#isOver = true;
    tell();
    return {
      code: code ?? 128 + (SIGNAL_NUMBERS[signal ?? ''] ?? 0),
      stdout: this.#stdout,
      stderr: this.#stderr,
    };
  }
}

function environment({ stateHome, env }: CommandOptions): NodeJS.ProcessEnv {
  const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith('TEMPORAL_'));
  return { ...Object.fromEntries(inherited), XDG_STATE_HOME: stateHome, ...env };
}

/** Runs a command to its end. */
export function runCommand(args: readonly string[], options: CommandOptions): Promise<CommandResult> {
  return new Command(args, options).ended;
}
