import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { WorkerProcess } from '../../../../src/cli/session/worker-process.ts';
import { temporaryFolder } from '../../../support/temporary-folder.ts';

/** On a machine that is busy. */
const PATIENCE = { timeout: 30_000 };
/** Lives until it is told to end. */
const LASTING = "#!/bin/sh\necho serving\ntrap 'exit 0' TERM\nwhile :; do sleep 0.02; done\n";

/** A folder for a worker's log, and a place for its program, which is not there yet. */
async function setUp() {
  const folder = await temporaryFolder();
  const program = join(folder, 'program');
  const logFolder = join(folder, 'state');
  await mkdir(logFolder);
  const logFile = join(logFolder, 'worker.log');
  const lines: string[] = [];
  const start = () => {
    const worker = new WorkerProcess([], logFile, (line) => lines.push(line), {
      execPath: program,
      restartDelayMs: 10,
    });
    onTestFinished(() => worker.kill());
    return worker;
  };
  return { program, logFolder, logFile, lines, start };
}

/** Whole at once: a program that is being written cannot be started. */
function install(program: string, script: string): void {
  writeFileSync(`${program}.new`, script, { mode: 0o755 });
  renameSync(`${program}.new`, program);
}

function printed(logFile: string): string {
  return existsSync(logFile) ? readFileSync(logFile, 'utf8') : '';
}

describe('WorkerProcess', () => {
  it('a program that cannot be started → said, and tried again until it can', async () => {
    const { program, logFile, lines, start } = await setUp();
    const worker = start();
    await expect.poll(() => lines.length, PATIENCE).toBeGreaterThan(1);
    expect(lines[1]).toMatch(/^the worker process ended \(spawn .* ENOENT, see .*\); starting another$/u);
    install(program, LASTING);
    await expect.poll(() => printed(logFile), PATIENCE).toBe('serving\n');
    await worker.stop();
  });

  it('a program that cannot be started, and stop → stop ends', async () => {
    const { start } = await setUp();
    await start().stop();
  });

  it('its log cannot be opened when it is started again → said, and tried again until it can', async () => {
    const { program, logFolder, logFile, lines, start } = await setUp();
    install(program, '#!/bin/sh\nexit 7\n');
    const worker = start();
    rmSync(logFolder, { recursive: true });
    await expect.poll(() => lines.find((line) => line.includes('ENOENT')), PATIENCE).toContain('worker.log');
    install(program, LASTING);
    await mkdir(logFolder);
    await expect.poll(() => printed(logFile), PATIENCE).toBe('serving\n');
    await worker.stop();
  });

  it('a worker that dies → how, and another is started; stop → no other one', async () => {
    const { program, logFile, lines, start } = await setUp();
    install(program, '#!/bin/sh\nexit 7\n');
    const worker = start();
    await expect.poll(() => lines.length, PATIENCE).toBeGreaterThan(1);
    expect(lines[0]).toBe(`the worker process ended (exit code 7, see ${logFile}); starting another`);
    install(program, LASTING);
    await expect.poll(() => printed(logFile), PATIENCE).toBe('serving\n');
    const told = lines.length;
    await worker.stop();
    expect(lines).toHaveLength(told);
  });
});
