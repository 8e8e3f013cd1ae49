// `embed --on-bad-sequence` as a user meets it: exit codes, lists and what is printed.
import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { contentOf, makeInputs } from '../support/run-folder.ts';
import { workplace } from '../support/workplace.ts';

describe('embed --on-bad-sequence', () => {
  it('skip → exit 2, failed_sequences.txt and --json say what was left out; without it → exit 2, the file failed', async () => {
    const at = workplace();
    makeInputs(at.folder, 2, 4);
    const args = [
      'embed',
      'in',
      '--out',
      'run',
      '--embedder',
      'fake',
      '--embedder-option',
      'failOn=s00_2',
      '--no-progress',
    ];
    const failed = await at.run(args);
    expect(failed.code).toBe(2);
    expect(failed.stdout).toMatch(/failed run\/s00_FAKE\.pt: record "s00_2" of .* makes the embedder fail on its own/u);
    expect(existsSync(at.path('run', 'failed_sequences.txt'))).toBe(false);

    const skipped = await at.run([...args, '--on-bad-sequence', 'skip']);
    expect(skipped.code).toBe(2);
    expect(skipped.stdout).toContain('7 rows, 1 sequence skipped');
    expect(skipped.stdout).toContain('embedded run/s00_FAKE.pt: 1 of 4 sequences skipped: "s00_2"');
    expect(readFileSync(at.path('run', 'failed_sequences.txt'), 'utf8')).toMatch(
      /^[^|]*in\/s00\.fa\|fake\|s00_2\|[^|]*option failOn[^|]*\n$/u,
    );
    expect(existsSync(at.path('run', 'failed_files.txt'))).toBe(false);
    expect((await contentOf(at.path('run', 's00_FAKE.pt'))).ids).toEqual(['s00_0', 's00_1', 's00_3']);

    const again = await at.run([...args, '--json']);
    expect(again.code).toBe(2);
    expect(JSON.parse(again.stdout)).toMatchObject({
      outcome: 'partial',
      found: 2,
      embedded: 0,
      failed: 0,
      skippedSequences: 1,
      rows: 7,
      checkpoints: [
        { path: 'run/s00_FAKE.pt', result: 'found', skippedSequences: 1 },
        { path: 'run/s01_FAKE.pt', result: 'found' },
      ],
    });
  });

  it('another mode → refused, naming the ones there are', async () => {
    const at = workplace();
    makeInputs(at.folder, 1, 1);
    const { code, stderr } = await at.run([
      ...['embed', 'in', '--out', 'run', '--embedder', 'fake'],
      '--on-bad-sequence',
      'x',
    ]);
    expect(code).toBe(1);
    expect(stderr).toContain('Allowed choices are fail, skip');
  });
});
