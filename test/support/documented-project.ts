import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const exec = promisify(execFile);
const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** How a program ended. */
export interface Ended {
  code: number;
  stdout: string;
  stderr: string;
}

/** A project in which the built package is installed, and nothing of Temporal, where the code of a document is run. */
export class DocumentedProject {
  readonly folder: string;
  #files = 0;

  constructor() {
    this.folder = realpathSync(mkdtempSync(join(tmpdir(), 'virnucpro-documented-')));
    mkdirSync(join(this.folder, 'node_modules'));
    symlinkSync(ROOT, join(this.folder, 'node_modules', 'virnucpro-temporal'));
    symlinkSync(join(ROOT, 'node_modules', '@types'), join(this.folder, 'node_modules', '@types'));
    writeFileSync(join(this.folder, 'package.json'), '{ "name": "documented", "private": true, "type": "module" }');
  }

  /** Runs a program of plain JavaScript. */
  runProgram(text: string): Promise<Ended> {
    const file = `program-${this.#files++}.mjs`;
    writeFileSync(join(this.folder, file), text);
    return this.run(process.execPath, [file]);
  }

  /** Runs `virnucpro` with the arguments of a command line that has no quotes. */
  runCommand(line: string): Promise<Ended> {
    const [, ...args] = line.split(' ');
    return this.run(process.execPath, [join(ROOT, 'dist', 'cli', 'main.js'), ...args]);
  }

  async run(program: string, args: readonly string[]): Promise<Ended> {
    try {
      return { code: 0, ...(await exec(program, args, { cwd: this.folder })) };
    } catch (error) {
      const { code, stdout, stderr } = error as Ended;
      if (typeof code !== 'number') throw error;
      return { code, stdout, stderr };
    }
  }

  /** @returns what the TypeScript compiler finds wrong with these programs, '' if nothing */
  async typeCheck(texts: readonly string[]): Promise<string> {
    const files = texts.map((_, index) => `checked-${index}.ts`);
    for (const [index, text] of texts.entries()) writeFileSync(join(this.folder, files[index] ?? ''), text);
    const tsc = join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc');
    // prettier-ignore
    const options = ['--noEmit', '--strict', '--target', 'es2023', '--module', 'nodenext', '--types', 'node', '--skipLibCheck'];
    return (await this.run(process.execPath, [tsc, ...options, ...files])).stdout;
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  }
}
