import { createHash } from 'node:crypto';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { readClassifier } from '../../../src/classifier/read-classifier.ts';
import { classifierToSafetensors } from '../../../src/classifier/write-classifier.ts';
import { FailureType } from '../../../src/contract/failure-types.ts';
import { VirnucproError } from '../../../src/contract/virnucpro-error.ts';
import {
  forgedClassifier,
  forgedStateDict,
  randomClassifier,
  safetensorsOf,
  torchFileOf,
  torchFileWithoutCrcs,
} from '../../support/classifier-model.ts';
import type { ClassifierTensor, ClassifierWeights } from '../../support/classifier-model.ts';
import { buildPickle, global, unicode } from '../../support/build-pickle.ts';
import { buildTorchZip } from '../../support/build-zip.ts';
import { forgedModule } from '../../support/forge-module.ts';
import type { Forged, ForgedEntry, ForgedTensor } from '../../support/forge-module.ts';

const WEIGHTS = randomClassifier({ seed: 7, features: 6, hidden: 4 });

const FOLDER = mkdtempSync(join(tmpdir(), 'virnucpro-classifier-'));
afterAll(() => rmSync(FOLDER, { recursive: true }));
let files = 0;

function fileOf(bytes: Uint8Array): string {
  const path = join(FOLDER, `model-${files++}.pth`);
  writeFileSync(path, bytes);
  return path;
}

function refusal(path: string): VirnucproError {
  try {
    readClassifier(path);
  } catch (error) {
    if (error instanceof VirnucproError) return error;
    throw error;
  }
  throw new Error('accepted');
}

function changed(tensors: Partial<Record<ClassifierTensor, Float32Array>>): ClassifierWeights {
  return { ...WEIGHTS, tensors: { ...WEIGHTS.tensors, ...tensors } };
}

describe('what torch saves', () => {
  const nested = (key: string): Forged => ({
    dict: [
      [key, forgedStateDict(WEIGHTS)],
      ['epoch', 3],
    ],
  });
  const parallel = forgedModule(
    ['torch.nn.parallel.data_parallel', 'DataParallel'],
    { modules: [['module', forgedClassifier(WEIGHTS)]] },
    '2.9',
  );

  test.each<[string, Forged, string]>([
    ['a whole model of torch 2.9', forgedClassifier(WEIGHTS), 'module'],
    ['a whole model of torch 1.13', forgedClassifier(WEIGHTS, { torch: '1.13' }), 'module'],
    ['a whole model on a GPU', forgedClassifier(WEIGHTS, { location: 'cuda:0' }), 'module'],
    ['a whole model of a package', forgedClassifier(WEIGHTS, { module: 'virnucpro.pipeline.predictor' }), 'module'],
    ['a whole model in DataParallel', parallel, 'module'],
    ['a state dict', forgedStateDict(WEIGHTS), 'state-dict'],
    ['a state dict of DataParallel on a GPU', forgedStateDict(WEIGHTS, 'module.', 'cuda:1'), 'state-dict'],
    ['a checkpoint with state_dict', nested('state_dict'), 'state-dict'],
    ['a checkpoint with model_state_dict', nested('model_state_dict'), 'state-dict'],
  ])('%s → its weights, bit by bit', (_, root, format) => {
    const path = fileOf(torchFileOf(root));
    const { facts, model, dtype } = readClassifier(path);
    const sha256 = createHash('sha256').update(readFileSync(path)).digest('hex');
    expect(facts).toEqual({ path, sha256, format, features: 6, hidden: 4, classes: 2 });
    expect(dtype).toBe('float32');
    expect(model.eps).toBe(1e-5);
    expect(model.tensors).toEqual(WEIGHTS.tensors);
  });

  test('eps of the module → taken, where a state dict has torch’s default', () => {
    const root = forgedClassifier({ ...WEIGHTS, eps: 0.001 });
    expect(readClassifier(fileOf(torchFileOf(root))).model.eps).toBe(0.001);
  });

  test.each<[string, string, number, (value: number) => Uint8Array]>([
    ['float64', 'DoubleStorage', 8, (value) => new Uint8Array(Float64Array.of(value).buffer)],
    ['float16', 'HalfStorage', 2, () => Uint8Array.of(0x00, 0x3e)],
    ['bfloat16', 'BFloat16Storage', 2, () => Uint8Array.of(0xc0, 0x3f)],
  ])('weights in %s → float32', (dtype, storage, itemSize, encode) => {
    const { dict } = forgedStateDict(WEIGHTS) as { dict: ForgedEntry[] };
    const entries = dict.map(([name, tensor]): ForgedEntry => {
      const { shape } = tensor as ForgedTensor;
      const numel = shape.reduce((product, size) => product * size, 1);
      const bytes = Buffer.concat(Array.from({ length: numel }, () => encode(1.5)));
      return name.endsWith('tracked') ? [name, tensor] : [name, { storage, shape, bytes, itemSize }];
    });
    const { model, dtype: found } = readClassifier(fileOf(torchFileOf({ dict: entries, ordered: true })));
    expect(found).toBe(dtype);
    expect(new Set(Object.values(model.tensors).flatMap((values) => [...values]))).toEqual(new Set([1.5]));
  });

  test('a transposed matrix → read by its strides', () => {
    const { dict } = forgedStateDict(WEIGHTS) as { dict: ForgedEntry[] };
    const columns = Float32Array.from({ length: 24 }, (_, i) => i);
    const [name, tensor] = dict[0] as [string, ForgedTensor];
    const transposed = { ...tensor, bytes: new Uint8Array(columns.buffer), stride: [1, 4] };
    const root: Forged = { dict: [[name, transposed], ...dict.slice(1)], ordered: true };
    const { model } = readClassifier(fileOf(torchFileOf(root)));
    expect([...model.tensors['hidden_layer.weight'].subarray(0, 7)]).toEqual([0, 4, 8, 12, 16, 20, 1]);
  });
});

describe('safetensors', () => {
  test('a state dict → its weights; eps from the metadata where it is there', () => {
    const plain = readClassifier(fileOf(safetensorsOf(WEIGHTS)));
    expect(plain.facts).toMatchObject({ format: 'safetensors', features: 6, hidden: 4, classes: 2 });
    expect(plain.model.tensors).toEqual(WEIGHTS.tensors);
    expect(readClassifier(fileOf(safetensorsOf(WEIGHTS, { eps: '0.25' }))).model.eps).toBe(0.25);
  });

  test('what import-model writes → the same model, source and eps in the metadata', () => {
    const read = readClassifier(fileOf(torchFileOf(forgedClassifier({ ...WEIGHTS, eps: 0.002 }))));
    const bytes = classifierToSafetensors(read);
    const again = readClassifier(fileOf(bytes));
    expect(again.model).toEqual(read.model);
    const header = bytes.subarray(8, 8 + Number(bytes.readBigUInt64LE())).toString();
    expect(JSON.parse(header)).toMatchObject({
      __metadata__: { format: 'pt', eps: '0.002', source_format: 'module', source_sha256: read.facts.sha256 },
      'hidden_layer.weight': { dtype: 'F32', shape: [4, 6] },
    });
  });

  test('cut off → corrupted', () => {
    const { type, message } = refusal(fileOf(safetensorsOf(WEIGHTS).subarray(0, -4)));
    expect(type).toBe(FailureType.CheckpointCorrupted);
    expect(message).toMatch(/: corrupted: safetensors: values end at byte \d+, the file has \d+; download or copy/u);
  });
});

const stateDict = (change: (entries: ForgedEntry[]) => ForgedEntry[]): Forged => {
  const { dict } = forgedStateDict(WEIGHTS) as { dict: readonly ForgedEntry[] };
  return { dict: change([...dict]), ordered: true };
};

/** The model with one of its layers changed. */
function withLayer(name: string, layer: Forged): Forged {
  const root = forgedClassifier(WEIGHTS) as Extract<Forged, { object: unknown }>;
  const state = root.state.map(([key, value]): ForgedEntry => {
    if (key !== '_modules') return [key, value];
    const { dict } = value as { dict: readonly ForgedEntry[] };
    const others = dict.filter(([own]) => own !== name);
    return [key, { dict: [...others, [name, layer]] }];
  });
  return { ...root, state };
}

const LEGACY = Buffer.from('80028a0a6cfc9c46f9206aa850192e', 'hex');
const gelu = forgedModule(['torch.nn.modules.activation', 'GELU'], {}, '2.9');

describe('what is no classifier of VirNucPro', () => {
  test.each<[string, () => Uint8Array, string]>([
    [
      'a model of another class',
      () => torchFileOf(forgedModule(['__main__', 'Net'], {}, '2.9')),
      'of class "__main__.Net", expected a model of class MLPClassifier',
    ],
    [
      'another activation',
      () => torchFileOf(withLayer('relu', gelu)),
      'layer relu is "torch.nn.modules.activation.GELU", expected torch.nn.ReLU',
    ],
    [
      'a class of another name for a layer',
      () => torchFileOf(withLayer('bn1', forgedModule(['mine', 'BatchNorm1d'], {}, '2.9'))),
      'layer bn1 is "mine.BatchNorm1d"',
    ],
    ['one layer more', () => torchFileOf(withLayer('extra', gelu)), 'has a layer "extra"'],
    ['a layer that is no module', () => torchFileOf(withLayer('relu', 3)), 'layer relu is "int"'],
    [
      'a layer without tensors',
      () => torchFileOf(withLayer('bn1', forgedModule(['torch.nn.modules.batchnorm', 'BatchNorm1d'], {}, '2.9'))),
      'bn1.weight, bn1.bias, bn1.running_mean, bn1.running_var missing',
    ],
    [
      'a model without state',
      () => buildTorchZip(buildPickle([global('__main__', 'MLPClassifier'), ')\x81'])).bytes,
      'has no layers',
    ],
    [
      'a list',
      () => buildTorchZip(buildPickle([']'])).bytes,
      'holds a list, expected a model of class MLPClassifier or its state dict',
    ],
    [
      'a dict with more than tensors',
      () => torchFileOf(stateDict((all) => [...all, ['epoch', 3]])),
      'key "epoch" holds a int, expected a state dict',
    ],
    ['an empty dict', () => torchFileOf({ dict: [] }), 'missing (the file has no tensors)'],
    [
      'a missing bias',
      () => torchFileOf(stateDict((all) => all.filter(([name]) => name !== 'hidden_layer.bias'))),
      'hidden_layer.bias missing (the file has "hidden_layer.weight"',
    ],
    [
      'one tensor more',
      () => torchFileOf(stateDict((all) => [...all, ['third.weight', all[1]?.[1] ?? null]])),
      '1 more tensors than expected, first "third.weight"',
    ],
    [
      'a bias of another length',
      () =>
        torchFileOf(
          stateDict((all) =>
            all.map(([name, tensor]) =>
              name === 'bn1.bias' ? [name, { ...(tensor as ForgedTensor), shape: [3] }] : [name, tensor],
            ),
          ),
        ),
      'bn1.bias has shape [3], expected [4] as hidden_layer.weight is [4, 6]',
    ],
    [
      'weights that are no matrix',
      () =>
        torchFileOf(
          stateDict((all) =>
            all.map(([name, tensor]) =>
              name === 'hidden_layer.weight' ? [name, { ...(tensor as ForgedTensor), shape: [24] }] : [name, tensor],
            ),
          ),
        ),
      'hidden_layer.weight has shape [24], expected a matrix',
    ],
    [
      'three classes',
      () =>
        torchFileOf(
          stateDict((all) =>
            all.map(([name, tensor]) =>
              name === 'output_layer.weight' ? [name, { ...(tensor as ForgedTensor), shape: [4, 2] }] : [name, tensor],
            ),
          ),
        ),
      'output_layer has 4 classes, expected 2',
    ],
    [
      'integers',
      () =>
        torchFileOf(
          stateDict((all) =>
            all.map(([name, tensor]) =>
              name === 'bn1.bias' ? [name, { ...(tensor as ForgedTensor), storage: 'IntStorage' }] : [name, tensor],
            ),
          ),
        ),
      'bn1.bias is int32, expected float32',
    ],
    [
      'NaN',
      () => torchFileOf(forgedStateDict(changed({ 'bn1.weight': Float32Array.of(1, 2, NaN, 4) }))),
      'bn1.weight holds NaN at index 2, expected finite numbers',
    ],
    [
      'a negative variance',
      () => safetensorsOf(changed({ 'bn1.running_var': Float32Array.of(1, -1, 1, 1) })),
      'running_var is -1 at index 1',
    ],
    ['eps 0', () => torchFileOf(forgedClassifier({ ...WEIGHTS, eps: 0 })), 'bn1.eps is 0'],
    ['eps that is no number', () => safetensorsOf(WEIGHTS, { eps: 'small' }), 'bn1.eps is NaN'],
    [
      'a file of torch before 1.6',
      () => Buffer.concat([LEGACY, Buffer.alloc(64)]),
      'a legacy PyTorch file (before 1.6): load it with torch and save it again',
    ],
    [
      'a tensor with gaps, spread over 2^24 elements and more',
      () => {
        const stride = Math.ceil(2 ** 24 / 3);
        const bytes = new Uint8Array((3 * stride + 6) * 2);
        const spread = { storage: 'HalfStorage', shape: [4, 6], stride: [stride, 1], bytes, itemSize: 2 };
        return torchFileOf(stateDict(([, ...others]) => [['hidden_layer.weight', spread], ...others]));
      },
      'tensor of 24 elements that reaches over 16777224 of its storage, at most 16777216',
    ],
    [
      'a header of safetensors that is too long to be that of a classifier',
      () => safetensorsOf(WEIGHTS, { padding: 'x'.repeat(2 ** 20) }),
      'safetensors: header of ',
    ],
    [
      'a git-lfs pointer',
      () => Buffer.from('version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n'),
      'run git lfs pull',
    ],
    [
      'an opcode that reaches outside',
      () => buildTorchZip(buildPickle(['\x82\x01', unicode('x'), '\x85R'])).bytes,
      'EXT1',
    ],
  ])('%s → incompatible, said why', (_, bytes, text) => {
    const path = fileOf(bytes());
    const { type, message } = refusal(path);
    expect(message).toContain(text);
    expect(message.startsWith(`${path}: incompatible: `)).toBe(true);
    expect(type).toBe(FailureType.CheckpointIncompatible);
  });

  test.each<[string, Uint8Array]>([
    ['an empty file', Buffer.alloc(0)],
    ['half a file', torchFileOf(forgedClassifier(WEIGHTS)).subarray(0, 2000)],
    ['noise', Buffer.alloc(500, 'noise')],
  ])('%s → corrupted, and what to do', (_, bytes) => {
    const { type, message } = refusal(fileOf(bytes));
    expect(type).toBe(FailureType.CheckpointCorrupted);
    expect(message).toMatch(/: corrupted: .*; download or copy the file again$/u);
  });

  test('a flipped bit in a weight → corrupted, by its CRC', () => {
    const bytes = torchFileOf(forgedClassifier(WEIGHTS));
    const at = bytes.indexOf(Buffer.from(WEIGHTS.tensors['hidden_layer.weight'].buffer));
    bytes[at] = (bytes[at] ?? 0) ^ 1;
    expect(refusal(fileOf(bytes)).message).toContain('record data/0');
  });
});

test('a file whose CRCs were left out → read, with a note; one with CRCs, and safetensors → no note', () => {
  const path = fileOf(torchFileWithoutCrcs(forgedStateDict(WEIGHTS)));
  expect(readClassifier(path).notes).toEqual([
    `${path} has no CRCs: damage to its weights cannot be seen; compare its SHA-256 with that of its source`,
  ]);
  expect(readClassifier(fileOf(torchFileOf(forgedStateDict(WEIGHTS)))).notes).toEqual([]);
  expect(readClassifier(fileOf(safetensorsOf(WEIGHTS))).notes).toEqual([]);
});

describe('what cannot be read', () => {
  test.each<[string, string]>([
    ['no such file', join(FOLDER, 'gone.pth')],
    ['a folder', FOLDER],
    ['a file in a file', '/dev/null/x.pth'],
    ['a device', '/dev/null'],
  ])('%s → RunError.InvalidInput, naming what is wanted', (_, path) => {
    const { type, message } = refusal(path);
    expect(type).toBe(FailureType.RunInvalidInput);
    expect(message).toContain('expected the classifier of VirNucPro, e.g. 500_model.pth');
  });

  test.skipIf(process.getuid?.() === 0)('a file without permission → RunError.InvalidInput', () => {
    const path = fileOf(torchFileOf(forgedClassifier(WEIGHTS)));
    chmodSync(path, 0);
    expect(refusal(path)).toMatchObject({ type: FailureType.RunInvalidInput });
  });
});
