import { describe, expect, it } from 'vitest';
import { FailureType } from '../../../../src/contract/failure-types.ts';
import { DEFAULT_EMBEDDERS, embedderFactory } from '../../../../src/embedders/index.ts';

const esm = embedderFactory('esm2-3b');

describe('describe() of a model', () => {
  it('nothing said → the published weights, without what only the loaded model can tell', () => {
    expect(esm.describe({}, 'nucleotide')).toEqual({
      ...{ name: 'esm2-3b', alphabet: 'protein', dim: 2560, kind: 'protein', suffix: '_ESM.pt' },
      fingerprint: {
        ...{ model: 'facebook/esm2_t36_3B_UR50D', weights: 'trained', alphabet: 'protein', pooling: 'mean-residues' },
        ...{ dim: 2560, maxLength: 1024, tooLong: 'reject', unknown: 'reject' },
      },
      ...{ loadedKeys: ['weightsDigest', 'dtype', 'tokenizer'], batchSize: 1024, batchLetters: 131_072 },
    });
  });

  it('random weights → said, with their seed; a dtype that is chosen → said', () => {
    const { fingerprint } = esm.describe({ randomInit: 'true', seed: '4', dtype: 'float32' }, 'protein');
    expect(fingerprint).toMatchObject({ weights: 'random-init', seed: 4, dtype: 'float32' });
    expect(esm.describe({ randomInit: 'true' }, 'protein').fingerprint).toMatchObject({ seed: 0 });
  });

  it('where weights lie, devices and budgets → not in the fingerprint', () => {
    const { fingerprint } = esm.describe({}, 'protein');
    for (const options of [{ weights: '/a' }, { weights: 'a/b@main' }, { device: 'cpu' }, { tokenBudget: '9' }]) {
      expect(esm.describe(options, 'protein').fingerprint).toEqual(fingerprint);
    }
  });

  it('other sizes → their dimension, and said', () => {
    const rehearsal = JSON.stringify({ tiny: { hidden: 8 } });
    expect(esm.describe({ randomInit: 'true', rehearsal }, 'protein')).toMatchObject({
      dim: 8,
      fingerprint: { dim: 8, tiny: '{"hidden":8}' },
    });
  });

  it.each([
    [{ seed: '1' }, /option seed of embedder esm2-3b is for random weights: give randomInit=true, too/u],
    [{ rehearsal: '{}' }, /option rehearsal of embedder esm2-3b is for random weights/u],
    [{ randomInit: 'true', rehearsal: '{' }, /option rehearsal .* expected a JSON object, got "\{"/u],
    [{ randomInit: 'yes' }, /option randomInit .* expected false or true, got "yes"/u],
    [{ randomInit: 'true', weights: '/a' }, /weights and randomInit exclude each other/u],
    [{ weights: './a' }, /option weights .* expected the absolute path of a folder or a Hugging Face id/u],
    [{ dtype: 'int8' }, /option dtype .* expected auto or float32 or bfloat16 or float16/u],
    [{ maxLength: '0' }, /option maxLength .* expected a whole number from 1/u],
    [{ tooLong: 'cut' }, /option tooLong .* expected reject or truncate/u],
    [{ speed: '9' }, /^embedder esm2-3b has no option "speed"; its options are weights, .*stallSeconds$/u],
  ])('%j → RunError.InvalidInput naming the option', (options, message) => {
    expect(() => esm.describe(options, 'protein')).toThrow(
      expect.objectContaining({ type: FailureType.RunInvalidInput, message: expect.stringMatching(message) }),
    );
  });
});

describe('models among the embedders', () => {
  it('a worker that is not told what to serve → serves none of them', () => {
    expect(DEFAULT_EMBEDDERS).toEqual(['kmer', 'fake']);
  });

  it('no Python → says what is missing, without starting anything', () => {
    const { VIRNUCPRO_SIDECAR_PYTHON: before } = process.env;
    process.env['VIRNUCPRO_SIDECAR_PYTHON'] = '/nowhere/python';
    try {
      expect(esm.missing?.()).toContain('VIRNUCPRO_SIDECAR_PYTHON names /nowhere/python');
    } finally {
      if (before === undefined) delete process.env['VIRNUCPRO_SIDECAR_PYTHON'];
      else process.env['VIRNUCPRO_SIDECAR_PYTHON'] = before;
    }
    expect(embedderFactory('kmer').missing).toBeUndefined();
  });
});
