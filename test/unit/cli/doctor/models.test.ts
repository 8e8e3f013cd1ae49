import { describe, expect, test } from 'vitest';
import type { Finding } from '../../../../src/cli/doctor/finding.ts';
import { checkModels, judgeTorch, judgeWeights, type ModelsRequest } from '../../../../src/cli/doctor/models.ts';
import type { ProbedPython, ProbedTorch } from '../../../../src/cli/python/probe.ts';

const PYTHON = { command: '/venv/bin/python', origin: 'set-up' } as const;
const CPU: ProbedTorch = { version: '2.9.1+cpu', cuda: null, cudaError: null, devices: [], nvidia: [] };
const DEVICE = { index: 0, name: 'NVIDIA H100', memoryBytes: 85e9, freeBytes: 84e9, capability: '9.0' };
const PROBED: ProbedPython = {
  python: '3.11.2',
  pythonTooOld: false,
  executable: '/venv/bin/python',
  packages: { torch: '2.9.1' },
  missing: [],
  torch: CPU,
  weights: {},
};

function check(request: Partial<ModelsRequest>, probed: Partial<ProbedPython> = {}): Promise<Finding[]> {
  const probe = async () => ({ ...PROBED, ...probed });
  return checkModels({ asked: [], ...request }, { find: () => PYTHON, probe });
}

describe('checkModels', () => {
  test('no Python → a hint; a problem with the way out where a model is asked for', async () => {
    const surroundings = { find: () => ({ problem: 'none at X; make it' }), probe: async () => PROBED };
    expect(await checkModels({ asked: [] }, surroundings)).toEqual([
      {
        check: 'python',
        status: 'info',
        message: 'no Python for the model embedders (ESM-2, DNABERT-S); kmer and fake need none',
        todo: 'if this machine is to serve models: virnucpro setup-models',
      },
    ]);
    expect(await checkModels({ asked: ['esm2-8m'] }, surroundings)).toEqual([
      { check: 'python', status: 'problem', message: 'none at X; make it', todo: 'virnucpro setup-models' },
    ]);
  });

  test('everything there → all well; the weights of every model are looked for, or of those asked for with real ones', async () => {
    const asked: (readonly string[])[] = [];
    const probe = async (_: string, models: Readonly<Record<string, string | null>>) => {
      asked.push(Object.entries(models).map(([name, weights]) => `${name}=${weights}`));
      return PROBED;
    };
    const surroundings = { find: () => PYTHON, probe };
    const findings = await checkModels({ asked: [] }, surroundings);
    expect(findings.map(({ check: name, status }) => [name, status])).toEqual([
      ['python', 'ok'],
      ['torch', 'ok'],
      ['cuda', 'info'],
    ]);
    await checkModels({ asked: ['esm2-8m', 'dnabert-s'], weights: '/w', random: ['esm2-8m'] }, surroundings);
    const every = ['esm2-3b', 'esm2-650m', 'esm2-150m', 'esm2-8m', 'dnabert-s'].map((name) => `${name}=null`);
    expect(asked).toEqual([every, ['dnabert-s=/w']]);
  });

  test('packages missing or too old, or Python itself → each named, no word on weights', async () => {
    const missing = ['torch 1.13.1 is too old (needed: torch>=2.4)', 'tokenizers is not installed'];
    const weights = { 'esm2-8m': { error: 'no weights' } };
    const findings = await check({ asked: ['esm2-8m'] }, { missing, weights });
    expect(findings[0]).toMatchObject({ status: 'problem', message: expect.stringContaining(missing.join('; ')) });
    expect(findings.some(({ check: name }) => name === 'weights')).toBe(false);
    const [old] = await check({}, { pythonTooOld: true, python: '3.9.1' });
    expect(old).toMatchObject({ status: 'problem', message: expect.stringContaining('3.10 or newer is needed') });
  });

  test('a Python that does not answer → a problem', async () => {
    const probe = () => Promise.reject(new Error('/venv/bin/python ended with 1: No module named json'));
    expect(await checkModels({ asked: [] }, { find: () => PYTHON, probe })).toEqual([
      {
        check: 'python',
        status: 'problem',
        message: 'cannot be asked: /venv/bin/python ended with 1: No module named json',
        todo: expect.stringContaining('virnucpro setup-models'),
      },
    ]);
  });
});

describe('judgeTorch', () => {
  const cuda = (torch: Partial<ProbedTorch>, asked: readonly string[] = []) =>
    judgeTorch({ ...CPU, version: '2.9.1+cu128', cuda: '12.8', ...torch }, asked).at(-1);

  test('cannot be imported → problem', () => {
    expect(judgeTorch({ error: 'OSError: libcudart', nvidia: [] }, [])).toMatchObject([
      { check: 'torch', status: 'problem', message: 'torch cannot be imported: OSError: libcudart' },
    ]);
  });

  test('a device → its memory, capability and precision', () => {
    expect(cuda({ devices: [DEVICE] })).toEqual({
      check: 'cuda',
      status: 'ok',
      message: 'cuda:0 NVIDIA H100: 85.0 GB, 84.0 GB free, capability 9.0: bfloat16',
    });
    expect(cuda({ devices: [{ ...DEVICE, capability: '7.5' }] })?.message).toMatch(/capability 7\.5: float16$/u);
  });

  test('a device too small for a model that is asked for → warning; for another model → ok', () => {
    const small = { devices: [{ ...DEVICE, memoryBytes: 8e9 }] };
    expect(cuda(small, ['esm2-3b'])).toMatchObject({
      status: 'warning',
      message: expect.stringContaining('esm2-3b needs about 10.0 GB'),
    });
    expect(cuda(small, ['dnabert-s'])).toMatchObject({ status: 'ok' });
  });

  test('a device that cannot compute → problem, named; the others are ok', () => {
    const broken = { index: 1, name: 'NVIDIA H100', error: 'RuntimeError: CUDA error: unspecified launch failure' };
    const findings = judgeTorch({ ...CPU, cuda: '12.8', devices: [DEVICE, broken] }, []);
    expect(findings.map(({ status }) => status)).toEqual(['ok', 'ok', 'problem']);
    expect(findings[2]?.message).toContain('cuda:1 NVIDIA H100 cannot compute: RuntimeError: CUDA error');
  });

  test('no device → a hint; for esm2-3b a warning', () => {
    expect(cuda({ cudaError: 'no driver' })).toMatchObject({
      status: 'info',
      message: expect.stringContaining('no NVIDIA GPU'),
    });
    expect(cuda({}, ['esm2-3b'])).toMatchObject({ status: 'warning' });
  });

  test('a driver without devices for torch → problem: torch without CUDA, or a driver too old', () => {
    const nvidia = ['/dev/nvidia0'];
    expect(judgeTorch({ ...CPU, nvidia }, []).at(-1)).toMatchObject({
      status: 'problem',
      message: '/dev/nvidia0 cannot be used: this torch is built without CUDA',
    });
    expect(cuda({ nvidia, cudaError: 'RuntimeError: The NVIDIA driver on your system is too old' })).toMatchObject({
      status: 'problem',
      message: '/dev/nvidia0 cannot be used: RuntimeError: The NVIDIA driver on your system is too old',
      todo: expect.stringContaining('too old for CUDA 12.8'),
    });
  });
});

describe('judgeWeights', () => {
  const weights = {
    'esm2-8m': { folder: '/cache/esm2', bytes: 30_100_000 },
    'esm2-3b': { error: 'no weights for esm2-3b: not in the cache' },
  };

  test('nothing asked for → where they are, and one hint with the sizes of the others', () => {
    expect(judgeWeights(weights, [])).toEqual([
      { check: 'weights', status: 'ok', message: 'esm2-8m: 31 MB in /cache/esm2' },
      {
        check: 'weights',
        status: 'info',
        message: 'not on this machine: esm2-3b (11.4 GB)',
        todo: 'how to get them:  virnucpro doctor --embedder NAME',
      },
    ]);
  });

  test('asked for → what is missing is a problem, with the size and the way out', () => {
    const problem = (message: string, todo: string) => ({ check: 'weights', status: 'problem', message, todo });
    expect(judgeWeights(weights, ['esm2-3b'])[1]).toEqual(
      problem(
        'no weights for esm2-3b: not in the cache',
        'Download them: hf download facebook/esm2_t36_3B_UR50D. (esm2-3b: about 11.4 GB)',
      ),
    );
    const pointer = 'a.bin is a pointer. Run `git lfs pull` in /w. Then try again.';
    expect(judgeWeights({ 'dnabert-s': { error: pointer } }, ['dnabert-s'])).toEqual([
      problem('a.bin is a pointer', 'Run `git lfs pull` in /w. Then try again. (dnabert-s: about 470 MB)'),
    ]);
  });
});
