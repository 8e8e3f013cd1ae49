import { describe, expect, test } from 'vitest';
import { parseGpus, resolveGpus } from '../../../../src/cli/worker/gpu-list.ts';

const UUID = 'GPU-8932f937-d72c-4106-c12f-20bd9faed9f6';
const MIG = 'MIG-GPU-8932f937-d72c-4106-c12f-20bd9faed9f6/1/2';

describe('parseGpus', () => {
  test.each([
    ['0', ['0']],
    ['0,1', ['0', '1']],
    ['3, 1', ['3', '1']],
    [`0,${UUID}`, ['0', UUID]],
    [MIG, [MIG]],
  ])('%s → %j', (text, gpus) => expect(parseGpus(text)).toEqual(gpus));

  test.each([
    ['', 'got ""'],
    ['0,', 'got ""'],
    ['a', 'got "a"'],
    ['-1', 'got "-1"'],
    ['00', 'got "00"'],
    ['0-3', 'got "0-3"'],
    ['all', 'expected numbers or UUIDs of GPUs separated by commas, e.g. 0,1 (nvidia-smi -L), got "all"'],
    ['0,1,0', 'GPU 0 is named twice'],
    [`${UUID},${UUID}`, `GPU ${UUID} is named twice`],
  ])('%j → refused: %s', (text, message) => expect(() => parseGpus(text)).toThrow(message));
});

describe('resolveGpus', () => {
  test('no CUDA_VISIBLE_DEVICES → the names themselves', () => {
    expect(resolveGpus(['1', UUID], undefined)).toEqual([
      { name: '1', device: '1' },
      { name: UUID, device: UUID },
    ]);
  });

  test('CUDA_VISIBLE_DEVICES of a batch system → numbers count among those devices', () => {
    expect(resolveGpus(['1', '0'], `2,${UUID}`)).toEqual([
      { name: '1', device: UUID },
      { name: '0', device: '2' },
    ]);
  });

  test.each([
    [
      ['2'],
      '4,5',
      'there is no GPU 2 here: CUDA_VISIBLE_DEVICES=4,5 names the devices that may be used, counted from 0',
    ],
    [['0'], '', 'there is no GPU 0 here: CUDA_VISIBLE_DEVICES= names'],
    [['0'], '-1', 'there is no GPU 0 here: CUDA_VISIBLE_DEVICES=-1 names'],
    [['0', UUID], UUID, `--gpus: 0 and ${UUID} are the same device, ${UUID}`],
  ])('%j of CUDA_VISIBLE_DEVICES=%s → refused: %s', (names, visible, message) =>
    expect(() => resolveGpus(names, visible)).toThrow(message),
  );
});
