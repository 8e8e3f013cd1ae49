import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import * as library from '../../src/checkpoint/index.ts';
import { KINDS } from '../../src/checkpoint/kinds.ts';
import * as limits from '../../src/torch/limits.ts';
import { checkpointCodes } from '../support/checkpoint-codes.ts';
import { commandsOf } from '../support/documents.ts';
import { DocumentedProject } from '../support/documented-project.ts';
import type { Fence } from '../support/markdown.ts';
import { readSections, withoutMarkup } from '../support/markdown.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const document = readFileSync(join(ROOT, 'docs', 'checkpoint-library.md'), 'utf8');
const sections = readSections(document);
const fences = sections.flatMap((section) => section.fences);
const pythons = [...(process.env['VIRNUCPRO_PYTHON'] || '/usr/bin/python3').split(':'), 'python3'];

describe('the code of docs/checkpoint-library.md', () => {
  let project: DocumentedProject;
  beforeAll(() => {
    project = new DocumentedProject();
  });
  afterAll(() => project.remove());

  it('TypeScript → without errors', async () => {
    const texts = fences.filter(({ language }) => language === 'ts').map(({ text }) => text);
    expect(texts.length).toBeGreaterThan(8);
    expect(await project.typeCheck(texts)).toBe('');
  });

  it('every block, from top to bottom in one folder → prints what it says', async () => {
    for (const fence of fences) await RUNNERS[fence.language]?.(fence, project);
  });

  it('blocks of other languages → none but the installation', () => {
    const others = fences.filter(({ language }) => RUNNERS[language] === undefined);
    expect(others.flatMap(({ text }) => commandsOf(text)).map((line) => line.split(' ', 2).join(' '))).toEqual([
      'npm install',
    ]);
    const scripts = fences.filter(({ language }) => language === 'ts');
    expect(scripts.filter(({ attributes }) => !attributes.has('run'))).toEqual([]);
  });
});

/** How the blocks of a language are run. */
const RUNNERS: Readonly<Record<string, (fence: Fence, project: DocumentedProject) => Promise<void>>> = {
  ts: async ({ text }, project) => {
    const { code, stdout, stderr } = await project.runProgram(text);
    expect({ code, lines: stdout.split('\n').slice(0, -1) }, `stderr: ${stderr}`).toEqual({
      code: 0,
      lines: printed(text, '//'),
    });
  },
  console: async ({ text }, project) => {
    for (const [line = '', ...output] of text
      .split(/^\$ /mu)
      .slice(1)
      .map((part) => part.trimEnd().split('\n'))) {
      const { stdout, stderr } = await project.runCommand(line);
      expect(`${stdout}${stderr}`.trimEnd()).toBe(output.join('\n'));
    }
  },
  python: async ({ text, attributes }, project) => {
    const modules = ['numpy', attributes.get('needs') ?? 'numpy'];
    const python = pythons.find((path) => spawnSync(path, ['-c', `import ${modules.join(', ')}`]).status === 0);
    if (python === undefined) {
      process.stderr.write(`SKIPPED a Python block: no Python with ${modules.join(' and ')}\n`);
      return;
    }
    const { stdout, stderr } = await project.run(python, ['-c', text]);
    expect(stdout.split('\n').slice(0, -1), `stderr: ${stderr}`).toEqual(printed(text, '#'));
  },
};

/** What the comments behind calls of `console.log` and `print` say is printed. */
function printed(text: string, comment: string): string[] {
  const lines = text
    .split('\n')
    .filter((line) => /^\s*(?:if .*)?(?:console\.log|print)\(|^.*\) console\.log\(/u.test(line));
  return lines.map((line) => line.slice(line.lastIndexOf(` ${comment} `) + comment.length + 2).trim());
}

describe('the tables of docs/checkpoint-library.md', () => {
  it('codes → those of the source, each with its class, and no other', () => {
    const documented: Record<string, string> = {};
    for (const [kind = '', codes = ''] of table('Errors')) {
      for (const [code] of codes.matchAll(/[A-Z_]{3,}/gu)) documented[code] = kind;
    }
    const ofSystemCalls = ['EIO', 'EACCES', 'ESTALE', 'EMFILE'];
    for (const code of ofSystemCalls) expect(documented[code]).toBe('unavailable');
    const own = Object.entries(documented).filter(([code]) => !ofSystemCalls.includes(code));
    expect(Object.fromEntries(own)).toEqual(checkpointCodes());
  });

  it('limits → every constant with its value', () => {
    const documented = table('Limits').map(([name = '', value = '']) => [
      withoutMarkup(name),
      Number(value.replaceAll(',', '')),
    ]);
    expect(Object.fromEntries(documented)).toEqual({ ...limits });
  });

  it('kinds → their dimensions', () => {
    const rows = table('The checkpoint library').map((cells) => cells.map(withoutMarkup));
    expect(rows.map(([kind]) => kind)).toEqual([...Object.keys(KINDS), 'generic']);
    for (const [kind = '', dim] of rows) {
      const fixed = KINDS[kind as keyof typeof KINDS]?.dim;
      if (fixed !== undefined) expect(dim).toBe(String(fixed));
    }
  });

  it('exports → every one of the entry point, and no other', () => {
    const documented = table('Every export').map(([name = '']) => withoutMarkup(name).replace(/\(.*/u, ''));
    expect(documented.toSorted()).toEqual(Object.keys(library).toSorted());
  });

  it('members of an open checkpoint → those of the class', () => {
    const documented = table('Open and read')
      .map(([names = '']) => withoutMarkup(names))
      .join(' ');
    const members = Object.getOwnPropertyNames(library.OpenCheckpoint.prototype).filter(
      (name) => name !== 'constructor',
    );
    for (const name of members) expect(documented).toContain(`${name}(`);
  });

  it('files that are linked → exist; the machine it was written on → named nowhere', () => {
    const links = [...document.matchAll(/\]\((?<path>[\w./-]+)\)/gu)].map(({ groups }) => groups?.['path'] ?? '');
    expect(links.length).toBeGreaterThan(1);
    expect(links.filter((path) => !existsSync(join(ROOT, 'docs', path)))).toEqual([]);
    expect(document).not.toMatch(/\/(?:root|home|work|tmp)\//u);
  });
});

describe('the source of the entry point', () => {
  it('every exported function and class → has a doc comment', () => {
    const folder = join(ROOT, 'src', 'checkpoint');
    const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'));
    const sources = files.map((name) => readFileSync(join(folder, name), 'utf8'));
    for (const [name, value] of Object.entries(library)) {
      if (typeof value !== 'function') continue;
      const declaration = new RegExp(String.raw`\*/\nexport (?:async )?(?:function|class) ${name}\b`, 'u');
      expect(
        sources.some((text) => declaration.test(text)),
        `doc comment of ${name}`,
      ).toBe(true);
    }
  });
});

function table(heading: string): readonly (readonly string[])[] {
  return (
    sections
      .find((section) => section.heading === heading)
      ?.tables.at(-1)
      ?.slice(1) ?? []
  );
}
