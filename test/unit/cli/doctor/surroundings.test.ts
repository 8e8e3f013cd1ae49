import { describe, expect, it } from 'vitest';
import { judgeLimits, resourceLimits } from '../../../../src/cli/doctor/limits.ts';
import { judgeMemory, memoryLimits } from '../../../../src/cli/doctor/memory.ts';
import { installedSdk, judgeSdk } from '../../../../src/cli/doctor/sdk-versions.ts';

describe('resourceLimits', () => {
  const table = [
    'Limit                     Soft Limit           Hard Limit           Units     ',
    'Max cpu time              unlimited            unlimited            seconds   ',
    'Max processes             unlimited            unlimited            processes ',
    'Max open files            4096                 4096                 files     ',
  ].join('\n');
  const reader = (files: Record<string, string>) => (path: string) =>
    files[path] === undefined ? Promise.reject(new Error('ENOENT')) : Promise.resolve(files[path]);

  it('limits of the process and of its control group → the smaller ones', async () => {
    const files = { '/proc/self/limits': table, '/sys/fs/cgroup/pids.max': '300\n' };
    expect(await resourceLimits(reader(files))).toEqual({ openFiles: 4096, processes: 300 });
  });

  it('no limit, or no /proc → nothing', async () => {
    const files = { '/proc/self/limits': table.replaceAll('4096', 'unlimited'), '/sys/fs/cgroup/pids.max': 'max\n' };
    expect(await resourceLimits(reader(files))).toEqual({});
    expect(await resourceLimits(reader({}))).toEqual({});
  });
});

describe('judgeLimits', () => {
  it('few files, few processes → a warning each with what to do', () => {
    const findings = judgeLimits({ openFiles: 256, processes: 100 });
    expect(findings.map(({ check, status }) => `${check} ${status}`)).toEqual(['limits warning', 'limits warning']);
    expect(findings.map(({ todo }) => todo?.split(' ').slice(0, 2).join(' '))).toEqual(['ulimit -n', 'ulimit -u']);
  });

  it('enough, or no limit → ok', () => {
    expect(judgeLimits({ openFiles: 20_000 })).toEqual([
      { check: 'limits', status: 'ok', message: '20,000 open files, any number of processes and threads' },
    ]);
  });
});

describe('judgeMemory', () => {
  it.each([
    [{ heapBytes: 4e9, memoryBytes: 16e9 }, 'ok', ''],
    [{ heapBytes: 0.1e9, memoryBytes: 16e9 }, 'warning', '--max-old-space-size=2048'],
    [{ heapBytes: 8e9, memoryBytes: 4e9 }, 'warning', 'lower --max-old-space-size'],
    [{ heapBytes: 0.25e9, memoryBytes: 0.5e9 }, 'warning', 'give the container'],
  ])('%o → %s: %s', (limits, status, todo) => {
    const finding = judgeMemory(limits);
    expect(finding).toMatchObject({ check: 'heap', status });
    expect(finding.todo ?? '').toContain(todo);
  });

  it('this process → more than nothing of both, memory with an end', () => {
    const { heapBytes, memoryBytes } = memoryLimits();
    expect(heapBytes).toBeGreaterThan(0);
    expect(memoryBytes).toBeGreaterThan(0);
    expect(memoryBytes).toBeLessThan(2 ** 50);
  });
});

describe('judgeSdk', () => {
  const peers = { '@temporalio/client': '~1.24.0', '@temporalio/worker': '~1.24.0' };
  const judge = (client: string | undefined, worker: string | undefined) =>
    judgeSdk('0.1.0', { '@temporalio/client': client, '@temporalio/worker': worker }, peers);

  it('one version that fits → ok', () => {
    expect(judge('1.24.3', '1.24.3')).toEqual({
      check: 'sdk',
      status: 'ok',
      message: 'virnucpro 0.1.0, Temporal SDK 1.24.3',
    });
  });

  it.each([
    ['1.25.0', '1.24.0', '@temporalio/client 1.25.0 (needed: ~1.24.0)'],
    ['1.24.0', undefined, '@temporalio/worker is not installed'],
    ['1.24.0', '1.24.1', '@temporalio/client 1.24.0'],
    ['0.24.0', '0.24.0', '@temporalio/worker 0.24.0'],
  ])('%s and %s → a problem with the command that mends it', (client, worker, text) => {
    const finding = judge(client, worker);
    expect(finding).toMatchObject({
      status: 'problem',
      todo: 'npm install @temporalio/client@~1.24.0 @temporalio/worker@~1.24.0',
    });
    expect(finding.message).toContain(text);
  });

  it('what is installed here → found; other packages are left out', () => {
    const installed = installedSdk({ ...peers, protobufjs: '^8', '@temporalio/none': '~1.0.0' });
    expect(installed).toEqual({
      '@temporalio/client': expect.stringMatching(/^1\./u),
      '@temporalio/worker': expect.stringMatching(/^1\./u),
      '@temporalio/none': undefined,
    });
    const optional = new Set(['@temporalio/none', '@temporalio/client']);
    expect(Object.keys(installedSdk({ ...peers, '@temporalio/none': '~1.0.0' }, optional))).toEqual(Object.keys(peers));
  });
});
