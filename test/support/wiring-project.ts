import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';
import { REPOSITORY } from './repository.ts';

const exec = promisify(execFile);

/** A user's project with a copy of examples/wiring, in which the built package and Temporal's are installed. */
export class WiringProject {
  readonly folder: string;
  readonly #env: NodeJS.ProcessEnv;
  readonly #started: ChildProcess[] = [];

  /** @param address of a Temporal server */
  constructor(address: string) {
    this.folder = realpathSync(mkdtempSync(join(tmpdir(), 'virnucpro-wiring-')));
    const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith('TEMPORAL_'));
    this.#env = { ...Object.fromEntries(inherited), TEMPORAL_ADDRESS: address };
    const examples = join(REPOSITORY, 'examples', 'wiring');
    cpSync(examples, this.folder, { recursive: true, filter: (path) => basename(path) !== 'build' });
    mkdirSync(join(this.folder, 'node_modules'));
    symlinkSync(REPOSITORY, join(this.folder, 'node_modules', 'virnucpro-temporal'));
    for (const name of ['@temporalio', '@types']) {
      symlinkSync(join(REPOSITORY, 'node_modules', name), join(this.folder, 'node_modules', name));
    }
    writeFileSync(join(this.folder, 'package.json'), '{ "name": "wiring", "private": true, "type": "module" }');
  }

  /** Compiles the programs; an error of the compiler is thrown. */
  async compile(): Promise<void> {
    const tsc = join(REPOSITORY, 'node_modules', 'typescript', 'bin', 'tsc');
    await exec(process.execPath, [tsc, '-p', 'tsconfig.json'], { cwd: this.folder }).catch(
      (error: { stdout: string }) => {
        throw new Error(error.stdout, { cause: error });
      },
    );
  }

  /** Starts a program that runs until {@link stop}. */
  start(program: string): void {
    const file = join('build', program);
    const child = spawn(process.execPath, [file], {
      cwd: this.folder,
      env: this.#env,
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let said = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => (said += text));
    child.once('exit', (code) => {
      if (code !== 0 && code !== null) process.stderr.write(`${program} ended with exit code ${code}:\n${said}`);
    });
    this.#started.push(child);
  }

  /** Runs a program to its end. */
  async run(program: string, ...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
    try {
      const options = { cwd: this.folder, env: this.#env };
      return { code: 0, ...(await exec(process.execPath, [join('build', program), ...args], options)) };
    } catch (error) {
      const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string };
      return { code, stdout, stderr };
    }
  }

  /** Ends what was started and removes the folder. */
  async stop(): Promise<void> {
    await Promise.all(
      this.#started.map(async (child) => {
        if (child.exitCode !== null || child.signalCode !== null) return;
        child.kill('SIGTERM');
        await once(child, 'exit');
      }),
    );
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  }
}
