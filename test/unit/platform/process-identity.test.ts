import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { identifyProcess, isProcessAlive, processStartTime } from '../../../src/platform/process-identity.mjs';

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

  it.runIf(process.platform === 'linux')('a dead child that nobody has waited for → not alive', async () => {
    const parent = spawn('sh', ['-c', 'sleep 0 & echo $!; exec sleep 60'], { stdio: ['ignore', 'pipe', 'ignore'] });
    const [output] = (await once(parent.stdout, 'data')) as [Buffer];
    const zombie = Number(output.toString());
    await expect.poll(() => processStartTime(zombie)).toBeUndefined();
    parent.kill('SIGKILL');
  });
});
