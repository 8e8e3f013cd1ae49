import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { readSections, type Fence } from './markdown.ts';
import { REPOSITORY } from './repository.ts';

/** A Markdown file of the repository. */
export interface Document {
  /** Path from the repository's root. */
  readonly name: string;
  readonly text: string;
  readonly fences: readonly Fence[];
}

/** README.md and every page below docs/. */
export function documentation(): Document[] {
  return ['README.md', ...below('docs')].map(read);
}

/** Every Markdown file that was written for this repository. */
export function everyDocument(): Document[] {
  const folders = ['docs', 'examples', 'deploy', 'docker', 'python', 'bench', 'test'];
  return ['README.md', 'DESIGN.md', 'CHANGELOG.md', ...folders.flatMap(below)].map(read);
}

function read(name: string): Document {
  const text = readFileSync(join(REPOSITORY, name), 'utf8');
  return { name, text, fences: readSections(text).flatMap((section) => section.fences) };
}

function below(folder: string): string[] {
  const root = join(REPOSITORY, folder);
  try {
    return readdirSync(root, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && entry.name.endsWith('.md'))
      .map((entry) => relative(REPOSITORY, join(entry.parentPath, entry.name)))
      .filter((name) => !/(?:^|\/)(?:node_modules|\.[^/]+|output)\//u.test(name))
      .toSorted();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

/** Lines of a shell block without comments; one that ends with a backslash goes on in the next. */
export function commandsOf(text: string): string[] {
  return text
    .replaceAll(/\\\n\s*/gu, ' ')
    .split('\n')
    .map((line) => line.replace(/(?:^|\s+)#.*$/u, '').trim())
    .filter((line) => line !== '');
}
