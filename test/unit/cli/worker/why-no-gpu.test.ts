import { describe, expect, test } from 'vitest';
import type { ProbedTorch } from '../../../../src/cli/python/probe.ts';
import { whyNoGpu } from '../../../../src/cli/worker/why-no-gpu.ts';

const CUDA: ProbedTorch = { version: '2.9.1+cu128', cuda: '12.8', cudaError: null, devices: [], nvidia: [] };
const PROBED = { python: '3.11.2', pythonTooOld: false, executable: '', packages: {}, missing: [], weights: {} };
const find = () => ({ command: '/venv/bin/python', origin: 'set-up' }) as const;

function why(torch: Partial<ProbedTorch>): Promise<string | undefined> {
  return whyNoGpu({ find, secondLookMs: 0, probe: async () => ({ ...PROBED, torch: { ...CUDA, ...torch } }) });
}

describe('whyNoGpu', () => {
  test('a device that computes → nothing', async () => {
    expect(await why({ devices: [{ index: 0, name: 'NVIDIA H100' }] })).toBeUndefined();
  });

  test.each<[Partial<ProbedTorch>, string]>([
    [{ devices: [{ index: 0, name: 'H100', error: 'CUDA error: launch failure' }] }, 'H100 cannot compute: CUDA error'],
    [{ cudaError: 'RuntimeError: No CUDA GPUs are available' }, 'CUDA shows no device: RuntimeError: No CUDA GPUs'],
    [{}, 'CUDA shows no device: see nvidia-smi'],
    [{ cuda: null }, 'torch 2.9.1+cu128 is built without CUDA: virnucpro setup-models'],
    [{ error: 'OSError: libcudart' }, 'torch cannot be imported: OSError: libcudart'],
  ])('%j → %s', async (torch, message) => expect(await why(torch)).toContain(message));

  test('busy at first, as the process of an earlier worker leaves it → nothing', async () => {
    const looks: ProbedTorch[] = [
      { ...CUDA, devices: [{ index: 0, error: 'busy' }] },
      { ...CUDA, devices: [{ index: 0 }] },
    ];
    const probe = async () => ({ ...PROBED, torch: looks.shift() ?? CUDA });
    expect(await whyNoGpu({ find, probe, secondLookMs: 0 })).toBeUndefined();
  });

  test('no Python, or one that does not answer → that', async () => {
    const probe = () => Promise.reject(new Error('ended with 1'));
    expect(await whyNoGpu({ find: () => ({ problem: 'no Python' }), probe, secondLookMs: 0 })).toBe('no Python');
    expect(await whyNoGpu({ find, probe, secondLookMs: 0 })).toBe('ended with 1');
  });
});
