import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { prepareRun, type RunOptions } from '../../../src/client/prepare-run.ts';
import { FailureType } from '../../../src/contract/failure-types.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

async function options(files = 1, more: Partial<RunOptions> = {}): Promise<RunOptions> {
  const folder = await temporaryFolder();
  mkdirSync(join(folder, 'in'));
  const inputs = Array.from({ length: files }, (_, at) => join(folder, 'in', `${at}.fa`));
  for (const input of inputs) writeFileSync(input, '>x\nACGT\n');
  return { directory: join(folder, 'out'), inputs, embedders: [{ name: 'kmer' }], ...more };
}

describe('prepareRun', () => {
  it('a new folder → run.json, and an id made of its UUID; the same again → the same', async () => {
    const asked = await options();
    const run = await prepareRun(asked);
    const { runId } = JSON.parse(readFileSync(join(asked.directory, 'run.json'), 'utf8')) as { runId: string };
    expect(run.workflowId).toBe(`virnucpro-${runId.replaceAll('-', '').slice(0, 12)}`);
    expect(run.input).toMatchObject({ contract: 1, runId, inputs: asked.inputs });
    expect(await prepareRun(asked)).toEqual(run);
  });

  it('more than 100 inputs → a file in the run folder instead', async () => {
    const asked = await options(101);
    const { input } = await prepareRun(asked);
    expect(input).not.toHaveProperty('inputs');
    const listed = readFileSync(join(asked.directory, input.inputsFile!), 'utf8');
    expect(listed).toBe(asked.inputs.map((path) => `${path}\n`).join(''));
  });

  it('few inputs with very long paths → a file, too: the request stays a small payload', async () => {
    const folder = await temporaryFolder();
    const deep = join(folder, ...Array.from({ length: 12 }, () => 'd'.repeat(200)));
    mkdirSync(deep, { recursive: true });
    const inputs = Array.from({ length: 60 }, (_, at) => join(deep, `${at}.fa`));
    for (const input of inputs) writeFileSync(input, '>x\nACGT\n');
    const { input } = await prepareRun(await options(1, { inputs }));
    expect(JSON.stringify(input).length).toBeLessThan(64 * 1024);
  });

  it.each<[string, Partial<RunOptions>]>([
    ['a missing input', { inputs: ['/nowhere/a.fa'] }],
    ['a relative input', { inputs: ['a.fa'] }],
    ['no input', { inputs: [] }],
    ['an unknown embedder', { embedders: [{ name: 'nosuch' }] }],
    ['an unknown option', { embedders: [{ name: 'kmer', options: { speed: '1' } }] }],
    ['no embedder', { embedders: [] }],
    ['a chunk length of 0', { chunkLength: 0 }],
  ])('%s → RunError.InvalidInput, nothing written', async (_, more) => {
    const asked = await options(1, more);
    await expect(prepareRun(asked)).rejects.toMatchObject({ type: FailureType.RunInvalidInput });
    expect(existsSync(asked.directory)).toBe(false);
  });

  it('the digest names what two starts differ in, and nothing that changes no result', async () => {
    const asked = await options();
    const { digest } = await prepareRun(asked);
    expect((await prepareRun({ ...asked, tuning: { partitionSize: 7 } })).digest).toEqual(digest);
    const changed = (await prepareRun({ ...asked, chunkLength: 50, onBadCheckpoint: 'skip', onBadSequence: 'skip' }))
      .digest;
    const differing = Object.keys(digest).filter((key) => digest[key] !== changed[key]);
    expect(differing).toEqual(['chunk length', 'on bad checkpoint', 'on bad sequence']);
  });
});
