import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, relative, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { transformWithOxc } from 'vite';

export const SOURCES = resolve(import.meta.dirname, '../../../src');

/** What mutants are made of, and what leads there: everything else is taken as it is. */
const MUTABLE = ['spool', 'checkpoint/publish', 'run/atomic-file.ts'];
const LEADS_THERE = ['activities', 'run'];

const LARGE = 'comes up only in files of more than 4 MiB, which are read by their path and not on the model';

const SEALED = 'a CRC covers it; this keeps a defect of a writer from reaching arrays of that many rows';

/** Steps that are no promise's only guard, and why they are kept. */
const KEPT: readonly { file: string; code: string; occurrence?: number; why: string }[] = [
  {
    file: 'checkpoint/publish/digest.ts',
    code: 'bytes < minBytes || descriptor === undefined',
    why: 'says where a digest is computed, not whether',
  },
  {
    file: 'checkpoint/publish/publish-checkpoint.ts',
    code: "digested.status === 'rejected'",
    why: LARGE,
  },
  { file: 'checkpoint/publish/publish-checkpoint.ts', code: "problem?.class === 'unavailable'", why: LARGE },
  { file: 'checkpoint/publish/existing.ts', code: "checked.problem?.class === 'unavailable'", why: LARGE },
  {
    file: 'checkpoint/publish/publish-checkpoint.ts',
    code: 'file.sync()',
    occurrence: 1,
    why: 'what says that it is complete has its data on the disk then, even under its temporary name; what is named needs the second sync only',
  },
  {
    file: 'spool/skip-layout.ts',
    code: '!Number.isInteger(ordinal) || (ordinal as number) < 0 || (ordinal as number) >= rows',
    why: SEALED,
  },
  { file: 'spool/skip-layout.ts', code: "typeof id !== 'string' || typeof reason !== 'string'", why: SEALED },
  { file: 'spool/spool-rows.ts', code: 'file === undefined', why: 'tells a caller that it reads after close' },
  {
    file: 'spool/spool-rows.ts',
    code: 'found?.bytes === segment.bytes',
    why: 'the CRC tells already, but for one chance in four thousand million',
  },
  {
    file: 'spool/layout.ts',
    code: 'head.readUInt32LE(0) !== FRAME_MAGIC || head.readUInt32LE(4) !== epoch',
    why: 'the CRC of the frame covers both; this spares reading what is no frame',
  },
  {
    file: 'spool/layout.ts',
    code: 'count >= 1 && count <= rows',
    why: 'the CRC covers the count; this bounds the memory that a torn one makes the scan ask for',
  },
  {
    file: 'spool/scan-segment.ts',
    code: 'ordinal >= rows',
    why: SEALED,
  },
];

/** One step of the code under test, and the code with that step taken out. */
export interface Mutant {
  /** Relative to src. */
  file: string;
  /** From 1. */
  line: number;
  rule: string;
  /** What stands there. */
  code: string;
  mutated: string;
}

interface Rule {
  name: string;
  pattern: RegExp;
  replacement: string;
}

/** The arguments of a call, parentheses inside them included, two deep. */
const ARGUMENTS = String.raw`\((?:[^()]|\((?:[^()]|\([^()]*\))*\))*\)`;

/**
 * How steps that durability rests on are recognised. A step that is added later and looks like one of them is taken out, too.
 * `RangeError`s tell a caller that its code is wrong, and guard nothing on a disk.
 */
const RULES: readonly Rule[] = [
  { name: 'fsync', pattern: /[\w.#]+\.sync\(\)/gu, replacement: 'Promise.resolve()' },
  {
    name: 'fsync of a folder',
    pattern: new RegExp(
      String.raw`(?<!function )\b(?:[\w#]+\.)*sync(?:Folder|SpoolNames)\w*${ARGUMENTS}(?! *[:{])`,
      'gu',
    ),
    replacement: 'Promise.resolve()',
  },
  {
    name: 'check',
    pattern: new RegExp(
      String.raw`(?<=^ *(?:await )?)(?:this\.)?#?(?:assert|check|verify)\w*${ARGUMENTS}(?=;$)`,
      'gmu',
    ),
    replacement: 'undefined',
  },
  {
    name: 'refusal',
    pattern: /(?<=^ *if \().+(?=\) (?:throw (?!new RangeError|error\b)|return \{ problem))/gmu,
    replacement: 'false',
  },
  {
    name: 'guard of a read',
    pattern: /(?<=^ *if \().*(?:[<>]|!==|equals).*(?=\) return undefined;$)/gmu,
    replacement: 'false',
  },
  { name: 'verdict', pattern: /(?<=return ).+(?= \? .+ : undefined;$)/gmu, replacement: 'true' },
  { name: 'comparison of a CRC', pattern: /[\w.?]+crc(?:32)? === [\w.]+/gu, replacement: 'true' },
  { name: 'comparison of a size', pattern: /[\w.?]*(?:bytes|size) (?:===|>=) segment\.bytes/gu, replacement: 'true' },
  {
    name: 'comparison of bytes',
    pattern: new RegExp(String.raw`[\w.#]+\.equals${ARGUMENTS}`, 'gu'),
    replacement: 'true',
  },
  {
    name: 'fencing',
    pattern: new RegExp(String.raw`(?<!function )\bawait is(?:Overtaken|Claimed)${ARGUMENTS}`, 'gu'),
    replacement: 'false',
  },
];

/** Every mutant of one file. */
function mutantsOf(file: string, text: string): Mutant[] {
  return RULES.flatMap(({ name, pattern, replacement }) =>
    [...text.matchAll(pattern)]
      .filter(({ index }) => !isComment(text, index))
      .map((match) => ({
        file,
        line: text.slice(0, match.index).split('\n').length,
        rule: name,
        code: match[0],
        mutated: text.slice(0, match.index) + replacement + text.slice(match.index + match[0].length),
      })),
  );
}

function isComment(text: string, index: number): boolean {
  return /^\s*(?:\*|\/[/*])/u.test(text.slice(text.lastIndexOf('\n', index) + 1));
}

function withoutKept(file: string, mutants: readonly Mutant[]): Mutant[] {
  const kept = KEPT.filter((step) => step.file === file).map(({ code, occurrence }) => {
    const same = mutants.filter((mutant) => mutant.code === code);
    const chosen = occurrence === undefined ? same : same.slice(occurrence - 1, occurrence);
    if (chosen.length === 0) throw new Error(`src/${file} no longer holds what is kept there: ${code}`);
    return chosen;
  });
  return mutants.filter((mutant) => !kept.flat().includes(mutant));
}

/** The modules under test as plain JavaScript, to which mutants of some of them are added in folders of their own. */
export class MutantTree {
  readonly #folder: string;
  /** JavaScript by path of the source, its imports still those of the source. */
  readonly #modules = new Map<string, string>();
  #made = 0;

  private constructor(folder: string) {
    this.#folder = folder;
  }

  /** @param roots modules relative to src; what they import comes along */
  static async build(folder: string, roots: readonly string[]): Promise<MutantTree> {
    const tree = new MutantTree(folder);
    const waiting = [...roots];
    for (let file = waiting.pop(); file !== undefined; file = waiting.pop()) {
      if (tree.#modules.has(file)) continue;
      const code = await compile(file, readFileSync(join(SOURCES, file), 'utf8'));
      tree.#modules.set(file, code);
      for (const [, , to] of code.matchAll(IMPORT)) waiting.push(join(dirname(file), to as string));
    }
    tree.#write(tree.#folder, tree.#modules, () => tree.#folder);
    return tree;
  }

  /** Every mutant of the code that durability rests on. */
  mutants(): Mutant[] {
    const files = [...this.#modules.keys()].filter((file) => isIn(file, MUTABLE)).toSorted();
    return files.flatMap((file) => withoutKept(file, mutantsOf(file, readFileSync(join(SOURCES, file), 'utf8'))));
  }

  /** @returns where a root is to be imported from; without a mutant: the code as it is */
  async urlsOf(mutant?: Mutant): Promise<(root: string) => string> {
    if (mutant === undefined) return (root) => this.#url(this.#folder, root);
    const folder = join(this.#folder, `mutant-${++this.#made}`);
    const own = [...this.#modules].filter(([file]) => isIn(file, [...MUTABLE, ...LEADS_THERE]));
    const modules = new Map(own).set(mutant.file, await compile(mutant.file, mutant.mutated));
    this.#write(folder, modules, (file) => (modules.has(file) ? folder : this.#folder));
    return (root) => this.#url(folder, root);
  }

  #write(folder: string, modules: ReadonlyMap<string, string>, folderOf: (file: string) => string): void {
    for (const [file, code] of modules) {
      const target = join(folder, toJs(file));
      mkdirSync(dirname(target), { recursive: true });
      const own = code.replaceAll(PACKAGE, (_, from: string, name: string, quote: string) => {
        return `${from}${pathToFileURL(packages.resolve(name)).href}${quote}`;
      });
      const linked = own.replaceAll(IMPORT, (_, from: string, to: string, quote: string) => {
        const imported = join(dirname(file), to);
        return `${from}${this.#url(folderOf(imported), imported)}${quote}`;
      });
      writeFileSync(target, linked);
    }
  }

  #url(folder: string, file: string): string {
    return pathToFileURL(join(folder, toJs(file))).href;
  }
}

/** A relative import or re-export. */
const IMPORT = /(\bfrom ?["'])(\.[^"']+)(["'])/gu;

/** One of a package, which a folder elsewhere would not find. */
const PACKAGE = /(\bfrom ?["'])((?!node:|\.|file:)[^"']+)(["'];?$)/gmu;
const packages = createRequire(import.meta.url);

function isIn(file: string, places: readonly string[]): boolean {
  return places.some((place) => file === place || file.startsWith(`${place}/`));
}

/** All modules are ES modules, wherever they lie. */
function toJs(file: string): string {
  return file.replace(/\.[mc]?[jt]s$/u, '.mjs');
}

async function compile(file: string, source: string): Promise<string> {
  return (await transformWithOxc(source, join(SOURCES, file), { sourcemap: false })).code;
}

/** For people: where the mutant is and what was taken out. */
export function nameOf({ file, line, rule, code }: Mutant): string {
  return `src/${relative('.', file)}:${line} (${rule}): ${code.replaceAll(/\s+/gu, ' ')}`;
}
