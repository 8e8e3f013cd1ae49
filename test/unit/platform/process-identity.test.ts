import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import process from 'node:process';
import { afterEach, describe, expect, it, vi } from 'vitest';
import {
  identifyProcess,
  isProcessAlive,
  lookAtProcess,
  processStartTime,
} from '../../../src/platform/process-identity.mjs';

const { platform } = process;
const hasPs = spawnSync('ps', ['-o', 'lstart=', '-p', String(process.pid)]).status === 0;

afterEach(() => {
  Object.defineProperty(process, 'platform', { value: platform });
  vi.unstubAllEnvs();
});

describe('process identity', () => {
  it('this process → alive', () => {
    expect(isProcessAlive(identifyProcess())).toBe(true);
  });

  it('same process id, other start time → not alive', () => {
    expect(isProcessAlive({ ...identifyProcess(), startTime: 'an earlier boot/1' })).toBe(false);
  });

  it('same process, other host → not alive', () => {
    expect(isProcessAlive({ ...identifyProcess(), host: 'elsewhere' })).toBe(false);
  });

  it('a child that was killed → not alive, and cannot be identified any more', async () => {
    const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' });
    await once(child, 'spawn');
    const pid = child.pid as number;
    const identity = identifyProcess(pid);
    expect(isProcessAlive(identity)).toBe(true);
    child.kill('SIGKILL');
    await once(child, 'exit');
    expect(isProcessAlive(identity)).toBe(false);
    expect(() => identifyProcess(pid)).toThrow(`process ${pid} is not running`);
  });

  it('a process that has ended → gone; one that runs → running', () => {
    expect(lookAtProcess(spawnSync(process.execPath, ['-e', '']).pid)).toEqual({ state: 'gone' });
    expect(lookAtProcess(process.pid)).toMatchObject({ state: 'running' });
  });

  it.runIf(hasPs)('another time zone, where `ps` tells the start → the same start time', () => {
    Object.defineProperty(process, 'platform', { value: 'darwin' });
    vi.stubEnv('TZ', 'UTC');
    const start = processStartTime(process.pid);
    vi.stubEnv('TZ', 'Asia/Tokyo');
    expect(start).toMatch(/^\w+ \w+ \d+ [\d:]+ \d+$/u);
    expect(processStartTime(process.pid)).toBe(start);
  });

  it.runIf(process.platform === 'linux')('a dead child that nobody has waited for → not alive', async () => {
    const parent = spawn('sh', ['-c', 'sleep 0 & echo $!; exec sleep 60'], { stdio: ['ignore', 'pipe', 'ignore'] });
    const [output] = (await once(parent.stdout, 'data')) as [Buffer];
    const zombie = Number(output.toString());
    await expect.poll(() => processStartTime(zombie)).toBeUndefined();
    parent.kill('SIGKILL');
  });
});
