import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { EXIT_DEVICE_LOST, EXIT_SIGTERM } from '../../src/cli/exit.ts';
import { FailureType } from '../../src/contract/failure-types.ts';
import { EXIT_CODES } from '../../src/contract/outcome.ts';
import { checkpointCodes } from '../support/checkpoint-codes.ts';
import { readSections, withoutMarkup } from '../support/markdown.ts';
import { REPOSITORY } from '../support/repository.ts';

const sections = readSections(readFileSync(join(REPOSITORY, 'docs', 'troubleshooting.md'), 'utf8'));
const table = (heading: string) => sections.find((section) => section.heading === heading)?.tables[0]?.slice(1) ?? [];
const codes = table('Codes of checkpoints').map((cells) => cells.map(withoutMarkup));

/** All texts of the source, with those that are put together over several lines in one piece. */
const source = readdirSync(join(REPOSITORY, 'src'), { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts'))
  .map((name) => readFileSync(join(REPOSITORY, 'src', name), 'utf8'))
  .join('\n')
  .replaceAll(/['`] \+\s*['`]/gu, '');

describe('docs/troubleshooting.md', () => {
  it('failure types → a section for each of the code, and no other, with cause and what to do', () => {
    const described = sections.filter(({ heading }) => /^\w+Error\.\w+$/u.test(heading));
    expect(described.map(({ heading }) => heading).toSorted()).toEqual(Object.values(FailureType).toSorted());
    for (const { heading, prose } of described) {
      expect({ heading, parts: prose.match(/^\*\*[\w ]+\.\*\*/gmu) }).toEqual({
        heading,
        parts: ['**Cause.**', '**What to do.**'],
      });
    }
  });

  it('codes → each of the code with its class, and no other; none without a cause and what to do', () => {
    const documented = Object.fromEntries(codes.map(([code = '', kind = '']) => [code, kind]));
    expect(documented).toEqual(checkpointCodes());
    expect(codes.filter((cells) => cells.length !== 5 || cells.includes('')).map(([code]) => code)).toEqual([]);
  });

  it('messages → every piece between their gaps stands in the source', () => {
    const quoted = sections.flatMap(({ prose }) => [...prose.matchAll(/^> `(.+)`$/gmu)].map(([, text]) => text ?? ''));
    const messages = [...quoted, ...codes.map(([, , reason = '']) => reason)];
    const pieces = messages.flatMap((message) => message.split('…').map((piece) => piece.trim()));
    const unknown = pieces.filter((piece) => piece.length > 2 && !source.includes(piece));
    expect(unknown).toEqual([]);
  });

  it('exit codes → those of the command and of workers', () => {
    const documented = table('By exit code').map(([code]) => Number(code));
    const SIGKILL = 137;
    const existing = [...Object.values(EXIT_CODES), EXIT_DEVICE_LOST, EXIT_SIGTERM, SIGKILL];
    expect(new Set(documented)).toEqual(new Set(existing));
  });
});
