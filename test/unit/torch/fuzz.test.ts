import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { TorchFileError } from '../../../src/torch/index.ts';
import type { PyGlobal, TorchFile, TorchTensor } from '../../../src/torch/index.ts';
import { ACCEPTED, checkInput, checkTwin } from '../../fuzz/check-input.ts';
import { fuzzInput } from '../../fuzz/fuzz-input.ts';
import { splitPickle } from '../../fuzz/pickle-opcodes.ts';
import { loadSeeds } from '../../fuzz/seeds.ts';
import { packageUnderTest } from '../../fuzz/subject.ts';
import type { Subject } from '../../fuzz/subject.ts';
import { buildTorchZip } from '../../support/build-zip.ts';
import { buildPickle, global, int, tensor, unicode } from '../../support/build-pickle.ts';
import { readPickleBytes, sample, written } from '../../support/torch-samples.ts';

const SEED = 4;
const COUNT = 2000;
const fixtures = fileURLToPath(new URL('../../fixtures', import.meta.url));
const seeds = await loadSeeds(fixtures);

/** What the first inputs come to, up to `stopAt` failures: outcome → how often, and which inputs broke a rule. */
function fuzz(subject: Subject, stopAt = Infinity): { outcomes: Map<string, number>; failures: string[] } {
  const outcomes = new Map<string, number>();
  const failures: string[] = [];
  for (let index = 0; index < COUNT && failures.length < stopAt; index++) {
    const { bytes, twin } = fuzzInput(SEED, index, seeds);
    try {
      const outcome = checkInput(bytes, subject);
      if (twin !== undefined) checkTwin(bytes, twin, subject);
      outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
    } catch (error) {
      failures.push(`${index}: ${String(error)}`);
    }
  }
  return { outcomes, failures };
}

describe('the fuzzer', () => {
  test(`${COUNT} inputs of seed ${SEED} → accepted or refused with a code, every invariant holds`, () => {
    const { outcomes, failures } = fuzz(packageUnderTest);
    expect(failures).toEqual([]);
    // It reaches the inside: many are accepted, and the others are refused for many reasons.
    expect(outcomes.get(ACCEPTED)).toBeGreaterThan(COUNT / 10);
    expect(outcomes.size).toBeGreaterThan(15);
  });

  test('the same seed and index → the same bytes', () => {
    for (const index of [0, 1, 77, 1999]) {
      expect(fuzzInput(SEED, index, seeds)).toEqual(fuzzInput(SEED, index, seeds));
    }
    expect(fuzzInput(SEED, 0, seeds).bytes.equals(fuzzInput(SEED + 1, 0, seeds).bytes)).toBe(false);
  });

  test('a pickle cut into opcodes and joined again → the same bytes', () => {
    for (const { pickle } of seeds) {
      const parts = splitPickle(pickle);
      expect(Buffer.concat(parts).equals(pickle)).toBe(true);
      expect(parts.at(-1)).toEqual(Buffer.from('.'));
    }
  });
});

/** A reader that is as good as the real one but for what `spoil` does to files that it accepts. */
function spoilt(spoil: (file: TorchFile) => TorchFile): Subject {
  return { ...packageUnderTest, read: (bytes, level) => spoil(packageUnderTest.read(bytes, level)) };
}

const forged: PyGlobal = { type: 'global', name: 'os.system' };

function reshape(file: TorchFile, change: Partial<TorchTensor>): TorchFile {
  const { root } = file;
  return typeof root === 'object' && root?.type === 'tensor' ? { ...file, root: { ...root, ...change } } : file;
}

describe('the fuzzer, where the reader has a planted defect', () => {
  test.each<[string, Subject]>([
    ['a TypeError for some inputs', spoilt((file) => ({ ...file, root: file.archive.byName.get('data/0')!.name }))],
    ['a global outside the allowlist', spoilt((file) => ({ ...file, root: forged }))],
    ['a view that leaves its storage', spoilt((file) => reshape(file, { storageOffset: 1 }))],
    ['a wrong number of elements', spoilt((file) => reshape(file, { numel: 1e6 }))],
    [
      'a CRC that is not compared',
      {
        ...packageUnderTest,
        read: (bytes, level) => {
          const file = packageUnderTest.read(bytes, level);
          return { ...file, integrity: level === 'deep' ? 'verified' : 'structure' };
        },
      },
    ],
    [
      'a refusal that is no typed error',
      {
        ...packageUnderTest,
        read: (bytes, level) => {
          try {
            return packageUnderTest.read(bytes, level);
          } catch (error) {
            throw error instanceof TorchFileError && error.code === 'OVERLAP' ? new RangeError('overlap') : error;
          }
        },
      },
    ],
    [
      'a judgement that overlooks what the reader finds',
      {
        ...packageUnderTest,
        check: (bytes, level) => {
          const checked = packageUnderTest.check(bytes, level);
          return checked.problem?.code === 'STORAGE_SIZE' ? {} : checked;
        },
      },
    ],
    [
      'a fast path that gives another value',
      {
        ...packageUnderTest,
        read: (bytes, level) => {
          const file = packageUnderTest.read(bytes, level);
          return Buffer.from(bytes).includes('Nr\xd7\xc3\x9e\xb50', 0, 'latin1') ? file : { ...file, root: null };
        },
      },
    ],
  ])('%s → found', (_, subject) => {
    expect(fuzz(subject, 1).failures).toHaveLength(1);
  });
});

describe('found by the fuzzer', () => {
  const one = (pickle: Buffer): string =>
    checkInput(buildTorchZip(pickle, { 0: Buffer.alloc(16, 1) }).bytes, packageUnderTest);

  test.each(['conj', 'neg'])('rows in a float32 tensor with the flag %s → read value by value', (flag) => {
    const flagged = Buffer.concat([tensor({ size: [int(2), int(2)], stride: [int(2), int(1)] }).subarray(0, -2)]);
    const rows = [flagged, '}', unicode(flag), '\x88s', 'tR'];
    expect(
      one(buildPickle(['}(', unicode('ids'), '](', unicode('a'), unicode('b'), 'e', unicode('data'), ...rows, 'u'])),
    ).toBe(ACCEPTED);
  });

  test('a set of a list that grows afterwards → what the list held then', () => {
    const pickle = buildPickle([global('builtins', 'set'), ']q\x00K\x01a\x85R', 'h\0K\x02a0']);
    expect(readPickleBytes(pickle).root).toEqual({ type: 'set', frozen: false, items: [1] });
  });

  test('an empty view with huge strides → no values', () => {
    const empty = tensor({ size: [int(3), int(0)], stride: [int(200_000), int(1)] });
    expect(one(buildPickle([empty]))).toBe(ACCEPTED);
  });

  test('sound files of this package → accepted', async () => {
    expect(checkInput((await written(sample('merged'))).bytes, packageUnderTest)).toBe(ACCEPTED);
  });
});
