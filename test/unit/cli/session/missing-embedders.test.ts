import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { watchMissingEmbedders } from '../../../../src/cli/session/missing-embedders.ts';
import { FailureType } from '../../../../src/contract/failure-types.ts';

const VARIABLE = 'VIRNUCPRO_SIDECAR_PYTHON';
let before: string | undefined;

beforeEach(() => {
  before = process.env[VARIABLE];
  process.env[VARIABLE] = '/nowhere/python';
});

afterEach(() => {
  if (before === undefined) delete process.env[VARIABLE];
  else process.env[VARIABLE] = before;
});

/** @param waiting what each look at the queues finds */
async function watch(embedders: string[], waiting: string[][]): Promise<number> {
  const ended = new AbortController();
  let looks = 0;
  const look = async () => {
    const found = waiting[looks++];
    if (found === undefined) ended.abort();
    return new Set(found);
  };
  await watchMissingEmbedders(embedders, look, ended.signal, 1);
  return looks;
}

describe('watchMissingEmbedders', () => {
  it('a task waits for one that cannot work here → an error that says what to install', async () => {
    const waiting = [[], ['virnucpro'], ['virnucpro-gpu-esm2-3b']];
    await expect(watch(['kmer', 'esm2-3b'], waiting)).rejects.toMatchObject({
      type: FailureType.RunInvalidInput,
      message: expect.stringMatching(/^embedder esm2-3b: .*start the same command again to go on$/su),
    });
  });

  it('tasks of others wait → the run goes on', async () => {
    expect(await watch(['kmer', 'esm2-3b'], [['virnucpro-gpu-kmer'], ['virnucpro-gpu-dnabert-s']])).toBe(3);
  });

  it('all can work here → no queue is looked at', async () => {
    expect(await watch(['kmer', 'fake'], [['virnucpro-gpu-kmer']])).toBe(0);
  });
});
