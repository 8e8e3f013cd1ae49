import { execFile } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { EXIT_SIGTERM } from '../../src/cli/exit.ts';
import { EXIT_CODES } from '../../src/contract/outcome.ts';
import { readSections, withoutMarkup } from '../support/markdown.ts';

const exec = promisify(execFile);
const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const readme = readFileSync(join(ROOT, 'README.md'), 'utf8');
const sections = readSections(readme);
const fences = sections.flatMap((section) => section.fences);
const snippets = fences.filter(({ language }) => language === 'ts');
const tables = sections.flatMap((section) => section.tables);
const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { scripts: Record<string, string> };

/** Every command of the document, whether of a clone or installed, without its output and comments. */
const commands = fences
  .filter(({ language }) => language === 'sh' || language === 'console')
  .flatMap(({ language, text }) => text.split('\n').filter((line) => language === 'sh' || line.startsWith('$ ')))
  .map((line) => line.replace(/^\$ /u, '').replace(/\s+#.*$/u, ''));

describe('the TypeScript of README.md', () => {
  let project = '';

  /** A project of its own in which the package and Temporal are installed. */
  beforeAll(() => {
    project = realpathSync(mkdtempSync(join(tmpdir(), 'virnucpro-readme-')));
    mkdirSync(join(project, 'node_modules'));
    symlinkSync(ROOT, join(project, 'node_modules', 'virnucpro-temporal'));
    for (const name of ['@temporalio', '@types']) {
      symlinkSync(join(ROOT, 'node_modules', name), join(project, 'node_modules', name));
    }
    writeFileSync(join(project, 'package.json'), JSON.stringify({ name: 'readme', private: true, type: 'module' }));
    for (const [index, { text }] of snippets.entries()) writeFileSync(join(project, `snippet-${index}.ts`), text);
  });
  afterAll(() => rmSync(project, { recursive: true, force: true }));

  it('a snippet for each use → all of them are there, or in docs/wiring.md', () => {
    const imported = new Set(snippets.flatMap(({ text }) => text.match(/virnucpro-temporal(?:\/\w+)?/gu) ?? []));
    const { exports } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { exports: object };
    const entries = Object.keys(exports).filter((name) => name !== './package.json');
    const wiring = readFileSync(join(ROOT, 'docs', 'wiring.md'), 'utf8');
    for (const name of wiring.match(/virnucpro-temporal(?:\/\w+)?/gu) ?? []) imported.add(name);
    expect(imported).toEqual(new Set(entries.map((name) => name.replace(/^\./u, 'virnucpro-temporal'))));
  });

  it('type-checked against what is built → no error', async () => {
    const tsc = join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc');
    // prettier-ignore
    const options = ['--noEmit', '--strict', '--target', 'es2023', '--module', 'nodenext', '--types', 'node', '--skipLibCheck'];
    const files = snippets.map((_, index) => `snippet-${index}.ts`);
    const { stdout } = await exec(process.execPath, [tsc, ...options, ...files], { cwd: project }).catch(
      (error: { stdout: string }) => error,
    );
    expect(stdout).toBe('');
  });

  it('those that need no server → run, and print what their comments say', async () => {
    const runnable = snippets.filter(({ attributes }) => attributes.has('run'));
    expect(runnable.length).toBeGreaterThan(0);
    for (const [index, { text }] of runnable.entries()) {
      const file = `runnable-${index}.mjs`;
      writeFileSync(join(project, file), text);
      const { stdout } = await exec(process.execPath, [file], { cwd: project });
      const printed = [...text.matchAll(/console\.log\(.*\); \/\/ (?<output>.+)$/gmu)].map(
        ({ groups }) => groups?.['output'],
      );
      expect(stdout.trimEnd().split('\n')).toEqual(printed);
    }
  });
});

describe('the commands of README.md', () => {
  const help = new Map<string, Promise<string>>();
  const helpOf = (command: string) => {
    const known = help.get(command) ?? exec(process.execPath, [cli, command, '--help']).then(({ stdout }) => stdout);
    help.set(command, known);
    return known;
  };
  const cli = join(ROOT, 'dist', 'cli', 'main.js');
  const calls = commands.flatMap((line) => {
    const command = /(?:virnucpro|node dist\/cli\/main\.js) (?<command>[a-z][a-z-]*)/u.exec(line)?.groups?.['command'];
    return command === undefined ? [] : [command];
  });

  it('every command of the command line is shown, and none that does not exist', async () => {
    const { stdout } = await exec(process.execPath, [cli, '--help']);
    const existing = [...stdout.matchAll(/^ {2}(?<name>[a-z][a-z-]+) (?:\[|<)/gmu)].map(
      ({ groups }) => groups?.['name'],
    );
    const named = `${commands.join('\n')}\n${fences.map(({ text }) => text).join('\n')}`;
    for (const name of existing) if (name !== 'help') expect(named).toContain(name);
    expect(calls.filter((name) => !existing.includes(name))).toEqual([]);
  });

  it('the table of options → as in the help of embed, argument names included', async () => {
    const text = (await helpOf('embed')).replaceAll(/\s+/gu, ' ');
    const table = tables.find(([head]) => head?.[0] === 'Option of embed' || head?.[0] === 'Option of `embed`');
    const options = table?.slice(1).map(([option = '']) => withoutMarkup(option)) ?? [];
    expect(options.length).toBeGreaterThan(5);
    for (const option of options) expect(text).toContain(`${option} `);
  });

  it('npm scripts → exist in package.json', () => {
    const named = [...readme.matchAll(/npm run (?<name>[\w:-]+)/gu)].map(({ groups }) => groups?.['name'] ?? '');
    expect(named.filter((name) => !(name in scripts))).toEqual([]);
  });

  it('the table of exit codes → that of the code, and SIGTERM', () => {
    const table = tables.find(([head]) => head?.[0] === 'Exit code')?.slice(1) ?? [];
    const documented = Object.fromEntries(table.map(([code, outcome = '']) => [withoutMarkup(outcome), Number(code)]));
    expect(documented).toEqual({ ...EXIT_CODES, none: EXIT_SIGTERM });
  });

  it('folders and test files that are named → exist', () => {
    const tests = [...readme.matchAll(/\btest\/[\w./-]+/gu)].map(([path]) => path);
    const code = [...readme.matchAll(/`(?<path>(?:src|test)\/[\w./-]*)`/gu)].map(
      ({ groups }) => groups?.['path'] ?? '',
    );
    const named = [...tests, ...code];
    expect(named.length).toBeGreaterThan(6);
    expect(named.filter((path) => !existsSync(join(ROOT, path)))).toEqual([]);
  });

  it('the machine it was written on → named nowhere', () => {
    expect(readme).not.toMatch(/\/(?:root|home|work|tmp)\//u);
  });
});
