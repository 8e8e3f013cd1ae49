import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { EmbedFlags } from '../../../../src/cli/embed/embed-flags.ts';
import { runOptions } from '../../../../src/cli/embed/run-options.ts';
import { embedderRequests } from '../../../../src/cli/session/embedder-requests.ts';
import { FailureType } from '../../../../src/contract/failure-types.ts';

const FLAGS: EmbedFlags = { out: 'run', embedder: ['kmer'], embedderOption: [], progress: true };

describe('runOptions', () => {
  it('paths → absolute; what was not said is absent', () => {
    expect(runOptions(['a.fa'], FLAGS)).toEqual({
      directory: resolve('run'),
      inputs: [resolve('a.fa')],
      embedders: [{ name: 'kmer', options: {} }],
    });
  });

  it('--force-resume → skip', () => {
    expect(runOptions(['a'], { ...FLAGS, forceResume: true })).toMatchObject({ onBadCheckpoint: 'skip' });
    expect(runOptions(['a'], { ...FLAGS, onBadCheckpoint: 'recompute' })).toMatchObject({
      onBadCheckpoint: 'recompute',
    });
  });

  it('--on-bad-sequence → passed on', () => {
    expect(runOptions(['a'], { ...FLAGS, onBadSequence: 'skip' })).toMatchObject({ onBadSequence: 'skip' });
  });
});

describe('--random-init', () => {
  it('→ an option of each model, and of nothing else', () => {
    const flags = { ...FLAGS, embedder: ['kmer', 'esm2-8m', 'dnabert-s'], randomInit: true };
    expect(runOptions(['a'], { ...flags, embedderOption: ['esm2-8m:seed=3'] }).embedders).toEqual([
      { name: 'kmer', options: {} },
      { name: 'esm2-8m', options: { seed: '3', randomInit: 'true' } },
      { name: 'dnabert-s', options: { randomInit: 'true' } },
    ]);
  });

  it('no model among the embedders → refused, naming the models', () => {
    expect(() => runOptions(['a'], { ...FLAGS, randomInit: true })).toThrow(
      expect.objectContaining({
        type: FailureType.RunInvalidInput,
        message: expect.stringMatching(/^--random-init is for models \(esm2-3b, .*dnabert-s\), and none of them/u),
      }),
    );
  });
});

describe('embedderRequests', () => {
  it('key=value → the embedders that know the key; the value may hold = and :', () => {
    expect(embedderRequests(['kmer', 'fake'], ['dim=4', 'log=/a:b=c', 'alphabet=protein'])).toEqual([
      { name: 'kmer', options: { alphabet: 'protein' } },
      { name: 'fake', options: { dim: '4', log: '/a:b=c' } },
    ]);
  });

  it('embedder:key=value → that one', () => {
    expect(embedderRequests(['kmer', 'fake'], ['fake:dim=4'])[1]).toEqual({ name: 'fake', options: { dim: '4' } });
  });

  it('a single embedder gets even an unknown key: it says itself what it knows', () => {
    expect(embedderRequests(['fake'], ['speed=9'])).toEqual([{ name: 'fake', options: { speed: '9' } }]);
  });

  it.each([
    ['./esm', resolve('esm')],
    ['../esm', resolve('../esm')],
    ['test/unit', resolve('test/unit')],
    ['/models/esm', '/models/esm'],
    ['facebook/esm2_t6_8M_UR50D', 'facebook/esm2_t6_8M_UR50D'],
  ])('weights=%s → %s', (value, weights) => {
    expect(embedderRequests(['esm2-8m'], [`weights=${value}`])[0]?.options).toEqual({ weights });
  });

  it.each([
    ['dim', /expected \[embedder:\]key=value/u],
    ['=4', /expected \[embedder:\]key=value/u],
    ['esm:dim=4', /embedder "esm" is not asked for with --embedder \(kmer, fake\)$/u],
    ['speed=9', /no embedder of this run has the option "speed"/u],
  ])('%s → RunError.InvalidInput quoting it', (option, message) => {
    const parsing = () => embedderRequests(['kmer', 'fake'], [option]);
    expect(parsing).toThrow(message);
    expect(parsing).toThrow(expect.objectContaining({ type: FailureType.RunInvalidInput }));
  });
});
