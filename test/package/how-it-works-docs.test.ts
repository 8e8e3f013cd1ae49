import { readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { FAILED_FILES, FAILED_SEQUENCES, internal, REPORT, RUN_MANIFEST } from '../../src/run/run-folder.ts';
import { readSections } from '../support/markdown.ts';
import { REPOSITORY } from '../support/repository.ts';

const read = (...names: string[]) => readFileSync(join(REPOSITORY, ...names), 'utf8');
const rowsOf = (text: string, heading: string) =>
  readSections(text)
    .find((section) => section.heading === heading)
    ?.tables[0]?.slice(1) ?? [];

describe('docs/how-it-works.md', () => {
  it('files and folders of a run folder → each that the code makes has a line', () => {
    const paths = rowsOf(read('docs', 'how-it-works.md'), 'What is in a run folder').map(([path = '']) => path);
    const made = [RUN_MANIFEST, REPORT, FAILED_FILES, FAILED_SEQUENCES, ...Object.values(internal)];
    const named = new Set(paths.join(' ').match(/[\w.]+/gu));
    expect(made.filter((path) => !named.has(basename(path)))).toEqual([]);
  });
});

describe('examples/python-client', () => {
  const program = read('examples', 'python-client', 'virnucpro_client.py');
  const contract = read('docs', 'contract.md');

  it.each([
    ['RunOutcome', 'RunOutcome'],
    ['RunProgress', 'Query progress'],
  ])('fields of %s → those of docs/contract.md, less the version', (name, heading) => {
    const body = new RegExp(`^class ${name}:\\n(?<body>(?:(?: .*)?\\n)+)`, 'mu').exec(program)?.groups?.['body'] ?? '';
    const fields = [...body.matchAll(/^ {4}(?<field>\w+): /gmu)].map(({ groups }) => groups?.['field'] ?? '');
    const documented = rowsOf(contract, heading).map(([field = '']) => field.replaceAll('`', ''));
    expect(new Set(fields)).toEqual(new Set(documented.filter((field) => field !== 'schema')));
  });
});
