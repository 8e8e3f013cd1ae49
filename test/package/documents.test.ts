import { execFile, spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { promisify } from 'node:util';
import GithubSlugger from 'github-slugger';
import { beforeAll, describe, expect, it } from 'vitest';
import { commandsOf, documentation, everyDocument, type Document } from '../support/documents.ts';
import type { Fence } from '../support/markdown.ts';
import { REPOSITORY } from '../support/repository.ts';

const exec = promisify(execFile);
const NOT_RUN = /^(?:#|\/\/) not run by the tests: \S/u;
const CHECKED_LANGUAGES = ['sh', 'ts', 'python'];

const pages = documentation();
const blocks = pages.flatMap(({ name, fences }) => fences.map((fence) => ({ name, fence })));
/** Where a block is, for messages. */
const place = ({ name, fence }: { name: string; fence: Fence }) => `${name}: ${fence.text.split('\n', 1)[0]}`;

describe('the code of README.md and docs/', () => {
  it('every block → run here, run by a test that it names, taken from a file that tests run, or marked as not run', () => {
    const unmarked = blocks
      .filter(({ fence }) => CHECKED_LANGUAGES.includes(fence.language))
      // README's TypeScript is type-checked and run by readme-snippets.test.ts.
      .filter(({ name, fence }) => !(name === 'README.md' && fence.language === 'ts'))
      .filter(({ fence }) => !['run', 'test', 'from'].some((attribute) => fence.attributes.has(attribute)))
      .filter(({ fence }) => !NOT_RUN.test(fence.text));
    expect(unmarked.map(place)).toEqual([]);
  });

  it('shell blocks, run or not → commands that bash can read', () => {
    for (const { name, fence } of blocks.filter(({ fence: { language } }) => language === 'sh')) {
      const { status, stderr } = spawnSync('bash', ['-n', '-c', fence.text], { encoding: 'utf8' });
      expect({ name, status, stderr }).toEqual({ name, status: 0, stderr: '' });
    }
  });

  it('blocks that name a test → it exists, and has their commands and flags', () => {
    for (const { name, fence } of blocks) {
      const test = fence.attributes.get('test');
      if (test === undefined) continue;
      expect(existsSync(join(REPOSITORY, test)), `${name} names ${test}`).toBe(true);
      if (fence.language !== 'sh') continue;
      const text = readFileSync(join(REPOSITORY, test), 'utf8');
      for (const { command, flags } of callsOf(fence)) {
        for (const word of [command, ...flags]) expect(text, `${test} has ${word} of ${name}`).toContain(word);
      }
    }
  });

  it('blocks taken from a file → stand there', () => {
    for (const { name, fence } of blocks) {
      const file = fence.attributes.get('from');
      if (file === undefined) continue;
      const source = withoutIndent(readFileSync(join(REPOSITORY, file), 'utf8'));
      expect(source, `${file} has a block of ${name}`).toContain(withoutIndent(fence.text));
    }
  });

  it('commands of virnucpro, run or not → exist, with their flags', async () => {
    const help = new Map<string, Promise<string>>();
    const cli = join(REPOSITORY, 'dist', 'cli', 'main.js');
    const helpOf = (command: string) => {
      const known = help.get(command) ?? exec(process.execPath, [cli, command, '--help']).then(({ stdout }) => stdout);
      help.set(command, known);
      return known;
    };
    const calls = blocks
      .filter(({ fence }) => ['sh', 'console', 'ini'].includes(fence.language))
      .flatMap(({ name, fence }) => callsOf(fence).map((call) => ({ name, ...call })));
    expect(calls.length).toBeGreaterThan(20);
    await Promise.all(calls.map(({ command }) => helpOf(command)));
    for (const { name, command, flags } of calls) {
      const said = await helpOf(command);
      for (const flag of flags) expect(said, `${name}: virnucpro ${command} ${flag}`).toMatch(flagPattern(flag));
    }
  });
});

describe('diagrams', () => {
  let parse: (text: string) => Promise<unknown>;
  beforeAll(async () => {
    const { default: purify } = await import('dompurify');
    // Without a browser it has no document to work on; the grammar does not need it.
    Object.assign(purify, { addHook: () => {}, sanitize: (text: string) => text });
    const { default: mermaid } = await import('mermaid');
    parse = (text) => mermaid.parse(text);
  });

  it('every Mermaid block → parsed by Mermaid', async () => {
    const diagrams = blocks.filter(({ fence }) => fence.language === 'mermaid');
    expect(diagrams.length).toBeGreaterThan(0);
    for (const { name, fence } of diagrams) {
      await expect(parse(fence.text), `${name}: ${fence.text}`).resolves.toBeTruthy();
    }
  });
});

describe('links of every Markdown file', () => {
  const documents = everyDocument();

  it('relative ones → lead to files that there are, and to headings in them', () => {
    const broken = documents.flatMap((document) =>
      linksOf(document)
        .filter((link) => !isReached(document, link))
        .map((link) => `${document.name}: ${link}`),
    );
    expect(broken).toEqual([]);
  });

  it('pages of docs/ → each is linked from its index', () => {
    const index = documents.find(({ name }) => name === 'docs/README.md');
    const linked = linksOf(index).map((link) => `docs/${link.split('#', 1)[0]}`);
    const missing = pages.filter(({ name }) => name.startsWith('docs/') && name !== 'docs/README.md');
    expect(missing.map(({ name }) => name).filter((name) => !linked.includes(name))).toEqual([]);
  });

  it('the machine they were written on → named nowhere', () => {
    const ours = /\/(?:root|work|tmp\/w)\//u;
    expect(pages.filter(({ text }) => ours.test(text)).map(({ name }) => name)).toEqual([]);
  });
});

/** Subcommand and long flags of each call of virnucpro in a block. */
function callsOf({ language, text }: Fence): { command: string; flags: string[] }[] {
  const lines = language === 'console' ? text.split('\n').filter((line) => line.startsWith('$ ')) : commandsOf(text);
  return lines.flatMap((line) =>
    line.split(/\||&&|;/u).flatMap((part) => {
      const call = /(?:^|\s)virnucpro (?<command>[a-z][a-z-]+)(?<rest>.*)$/u.exec(part)?.groups;
      if (call?.['command'] === undefined) return [];
      return [
        { command: call['command'], flags: [...(call['rest'] ?? '').matchAll(/(?<=\s)--[a-z-]+/gu)].map(String) },
      ];
    }),
  );
}

function flagPattern(flag: string): RegExp {
  return new RegExp(`${flag}(?![a-z-])`, 'u');
}

function withoutIndent(text: string): string {
  return text.replaceAll(/^\s+/gmu, '').trim();
}

/** Targets of relative links, outside of code. */
function linksOf(document: Document | undefined): string[] {
  const prose = (document?.text ?? '').replaceAll(/^```[\s\S]*?^```/gmu, '').replaceAll(/`[^`\n]*`/gu, '');
  return [...prose.matchAll(/\]\((?<target>[^)\s]+)\)/gu)]
    .map(({ groups }) => groups?.['target'] ?? '')
    .filter((target) => !/^[a-z]+:/u.test(target));
}

function isReached({ name, text }: Document, link: string): boolean {
  const [path = '', anchor] = link.split('#', 2);
  const file = path === '' ? name : normalize(join(dirname(name), path));
  if (!existsSync(join(REPOSITORY, file))) return false;
  if (anchor === undefined) return true;
  const target = path === '' ? text : readFileSync(join(REPOSITORY, file), 'utf8');
  return anchorsOf(target).includes(anchor);
}

function anchorsOf(text: string): string[] {
  const slugger = new GithubSlugger();
  const headings = text.replaceAll(/^```[\s\S]*?^```/gmu, '').matchAll(/^#{1,6} (?<heading>.+)$/gmu);
  return [...headings].map(({ groups }) => slugger.slug(plain(groups?.['heading'] ?? '')));
}

function plain(heading: string): string {
  return heading
    .replaceAll(/\[([^\]]*)\]\([^)]*\)/gu, '$1')
    .replaceAll('`', '')
    .trim();
}
