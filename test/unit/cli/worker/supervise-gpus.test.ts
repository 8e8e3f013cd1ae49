import { EventEmitter } from 'node:events';
import { describe, expect, test } from 'vitest';
import type { Gpu } from '../../../../src/cli/worker/gpu-list.ts';
import type { ProcessEnd, StartedProcess } from '../../../../src/cli/worker/keep-running.ts';
import { supervise, workerArguments } from '../../../../src/cli/worker/supervise-gpus.ts';
import { deferred } from '../../../../src/platform/deferred.ts';

const GPUS: readonly Gpu[] = ['0', '1'].map((name) => ({ name, device: name }));
const LOST: ProcessEnd = { code: 86, signal: null };
const KILLED: ProcessEnd = { code: null, signal: 'SIGKILL' };

/** Two GPUs whose processes end when the test says so. */
function setUp({ deaf = false, retryLostMs }: { deaf?: boolean; retryLostMs?: number } = {}) {
  const log: string[] = [];
  const ends: Record<string, (end: ProcessEnd) => void> = {};
  const counts: Record<string, number> = { '0': 0, '1': 0 };
  const signals = new EventEmitter();
  const started = new EventEmitter();
  const start = ({ name }: Gpu): StartedProcess => {
    const ended = deferred<ProcessEnd>();
    ends[name] = ended.resolve;
    counts[name] = (counts[name] ?? 0) + 1;
    setImmediate(() => started.emit(`${name} ${counts[name]}`));
    const stop = () => (deaf ? undefined : ended.resolve({ code: 0, signal: null }));
    return { ended: ended.promise, stop, kill: () => ended.resolve(KILLED) };
  };
  const say = (line: string, gpu?: string) => void log.push(gpu === undefined ? line : `GPU ${gpu}: ${line}`);
  const supervision = { start, log: say, signals, firstDelayMs: 1, retryLostMs };
  const times = (name: string, count: number) =>
    new Promise<void>((resolve) => started.once(`${name} ${count}`, () => resolve()));
  return { log, ends, counts, signals, times, code: supervise(GPUS, supervision as never) };
}

describe('supervise', () => {
  test('one dies → only that one is started again', async () => {
    const { log, ends, counts, signals, times, code } = setUp();
    const again = times('1', 2);
    ends['1']?.(KILLED);
    await again;
    expect(counts).toEqual({ '0': 1, '1': 2 });
    expect(log).toEqual(['GPU 1: its worker process ended (killed by SIGKILL); another is started in 0.001 s']);
    signals.emit('SIGTERM', 'SIGTERM');
    expect(await code).toBe(0);
  });

  test('one loses its device → named and left alone, the other goes on; so does the other → 1', async () => {
    const { log, ends, counts, times, code } = setUp();
    ends['0']?.(LOST);
    const again = times('1', 2);
    ends['1']?.(KILLED);
    await again;
    ends['1']?.(LOST);
    expect(await code).toBe(1);
    expect(counts).toEqual({ '0': 1, '1': 2 });
    expect(log.filter((line) => line.includes('lost'))).toEqual([
      'GPU 0: the device is lost; it is left alone until this command is started again',
      'GPU 1: the device is lost; it is left alone until this command is started again',
    ]);
    expect(log.at(-1)).toBe('no GPU is left');
  });

  test('one has lost its device, SIGTERM → 0', async () => {
    const { ends, signals, code } = setUp();
    ends['0']?.(LOST);
    signals.emit('SIGTERM', 'SIGTERM');
    expect(await code).toBe(0);
  });

  test('all have lost their devices, to be tried again → tried again after that long, no end by themselves', async () => {
    const { log, ends, counts, signals, times, code } = setUp({ retryLostMs: 20 });
    const again = Promise.all([times('0', 2), times('1', 2)]);
    for (const end of Object.values(ends)) end(LOST);
    await again;
    expect(counts).toEqual({ '0': 2, '1': 2 });
    expect(log).toEqual(['0', '1'].map((name) => `GPU ${name}: the device is lost; it is tried again in 0.02 s`));
    signals.emit('SIGTERM', 'SIGTERM');
    expect(await code).toBe(0);
  });

  test('SIGTERM while a lost GPU is waited for → 0 at once', async () => {
    const { ends, signals, counts, code } = setUp({ retryLostMs: 3_600_000 });
    for (const end of Object.values(ends)) end(LOST);
    await new Promise(setImmediate);
    signals.emit('SIGTERM', 'SIGTERM');
    expect(await code).toBe(0);
    expect(counts).toEqual({ '0': 1, '1': 1 });
  });

  test('workers that others have told to end → 0, not started again', async () => {
    const { counts, ends, code } = setUp();
    for (const end of Object.values(ends)) end({ code: 0, signal: null });
    expect(await code).toBe(0);
    expect(counts).toEqual({ '0': 1, '1': 1 });
  });

  test('a second signal → those that have not ended are killed; no listener stays', async () => {
    const { signals, code, log } = setUp({ deaf: true });
    signals.emit('SIGINT', 'SIGINT');
    signals.emit('SIGINT', 'SIGINT');
    expect(await code).toBe(0);
    expect(log).toEqual(['SIGINT: the workers hand their tasks back (again: they are killed)']);
    expect(signals.eventNames()).toEqual([]);
  });
});

describe('workerArguments', () => {
  test('flags → those of a worker for one GPU', () => {
    const flags = { role: 'gpu', embedder: ['fake', 'kmer'], slots: 3, address: 'a:1', namespace: 'n' } as const;
    expect(workerArguments({ ...flags, embedder: [...flags.embedder], gpus: ['0'] }).join(' ')).toBe(
      '--role gpu --embedder fake --embedder kmer --slots 3 --address a:1 --namespace n',
    );
  });

  test('what is observed → each process on its own address; as JSON it names its GPU itself', () => {
    const flags = { role: 'gpu', embedder: ['fake'], otel: true, gpuName: '1' } as const;
    const args = (logFormat: 'json' | 'pretty') =>
      workerArguments({ ...flags, embedder: [...flags.embedder], logFormat }, '127.0.0.1:9465').join(' ');
    const common = '--role gpu --embedder fake --otel --log-format';
    expect(args('json')).toBe(`${common} json --gpu-name 1 --metrics-address 127.0.0.1:9465`);
    expect(args('pretty')).toBe(`${common} pretty --metrics-address 127.0.0.1:9465`);
  });

  test('a model → its worker has to have a GPU', () => {
    expect(workerArguments({ role: 'gpu', embedder: ['esm2-3b'] })).toEqual(
      expect.arrayContaining(['--require-gpu', '--embedder', 'esm2-3b']),
    );
  });
});
