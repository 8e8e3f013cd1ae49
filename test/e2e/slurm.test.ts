import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { STOP_TIMEOUT_MS } from '../../src/cli/worker/worker-per-gpu.ts';
import { startDevServer, type DevServer } from '../support/dev-server.ts';
import { processesOf } from '../support/processes.ts';
import { REPOSITORY } from '../support/repository.ts';
import { checkpointNames, embeddedTimes, leftovers, logLines, makeInputs } from '../support/run-folder.ts';
import { workplace, type Workplace } from '../support/workplace.ts';

const FILES = 3;
const RECORDS = 40;
const SCRIPTS = ['embed.sbatch', 'worker-gpu.sbatch'] as const;
const script = (name: string) => join(REPOSITORY, 'examples', 'slurm', name);

/** A job of Slurm as far as its script can tell: `virnucpro` and `scontrol` on PATH, the number of the job. */
class Job {
  readonly #place: Workplace;
  readonly #process: ChildProcess;
  #said = '';

  constructor(place: Workplace, name: (typeof SCRIPTS)[number], args: readonly string[], env: NodeJS.ProcessEnv = {}) {
    this.#place = place;
    const bin = place.path('bin');
    mkdirSync(bin, { recursive: true });
    program(bin, 'virnucpro', `exec '${process.execPath}' '${join(REPOSITORY, 'dist', 'cli', 'main.js')}' "$@"`);
    program(bin, 'scontrol', `echo "$*" >> '${place.path('scontrol.log')}'`);
    const inherited = Object.entries(process.env).filter(([variable]) => !variable.startsWith('TEMPORAL_'));
    const slurm = { PATH: `${bin}:${process.env['PATH']}`, XDG_STATE_HOME: place.stateHome, SLURM_JOB_ID: '42' };
    this.#process = spawn('bash', [script(name), ...args], {
      cwd: place.folder,
      env: { ...Object.fromEntries(inherited), ...slurm, ...env },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    this.#process.stderr?.setEncoding('utf8').on('data', (text: string) => void (this.#said += text));
  }

  async until(condition: () => boolean): Promise<void> {
    while (!condition()) {
      if (this.#process.exitCode !== null) throw new Error(`the script ended:\n${this.#said}`);
      await sleep(20);
    }
  }

  /** Lines that it has printed so far. */
  lines(text: string): string[] {
    return this.#said.split('\n').filter((line) => line.includes(text));
  }

  /** As `--signal=B:TERM@…`: to the script alone. */
  terminate(): void {
    this.#process.kill('SIGTERM');
  }

  async ended(): Promise<number | null> {
    if (this.#process.exitCode === null) await once(this.#process, 'exit');
    return this.#process.exitCode;
  }

  /** What the script has asked of Slurm. */
  get asked(): string[] {
    const log = this.#place.path('scontrol.log');
    return existsSync(log) ? readFileSync(log, 'utf8').trim().split('\n') : [];
  }
}

function program(folder: string, name: string, body: string): void {
  writeFileSync(join(folder, name), `#!/bin/sh\n${body}\n`);
  chmodSync(join(folder, name), 0o755);
}

describe('examples/slurm', () => {
  it.each(SCRIPTS)('%s → SIGTERM to the script alone, in time for a worker to end; put back into the queue', (name) => {
    const options = [...readFileSync(script(name), 'utf8').matchAll(/^#SBATCH (--.+)$/gmu)].map(([, option]) => option);
    expect(options).toEqual(expect.arrayContaining(['--requeue', '--open-mode=append']));
    const notice = options.map((option) => /^--signal=B:TERM@(\d+)$/u.exec(option ?? '')?.[1]).find(Boolean);
    expect(Number(notice) * 1000).toBeGreaterThan(2 * STOP_TIMEOUT_MS);
  });

  it('embed.sbatch, SIGTERM in the middle → 143, put back into the queue, nothing runs; started again → 0, all rows once', async () => {
    const place = workplace();
    makeInputs(place.folder, FILES, RECORDS);
    const log = place.path('out.log');
    const options = ['delayMs=100', `log=${log}`].flatMap((option) => ['--embedder-option', option]);
    const args = ['in', '--out', 'out', '--embedder', 'fake', '--batch-size', '8', ...options];
    const first = new Job(place, 'embed.sbatch', args);
    await first.until(() => logLines(log).length >= 20);
    first.terminate();
    expect(await first.ended()).toBe(143);
    expect(first.asked).toEqual(['requeue 42']);
    expect(processesOf(place.stateHome)).toEqual([]);

    const second = new Job(place, 'embed.sbatch', args);
    expect(await second.ended()).toBe(0);
    expect(second.asked).toEqual(['requeue 42']);
    expect(checkpointNames(place.path('out'))).toHaveLength(FILES);
    expect(embeddedTimes(log).size).toBe(FILES * RECORDS);
    expect(leftovers(place.path('out'))).toEqual([]);
  });

  it('embed.sbatch, no input → 1, and not put back', async () => {
    const place = workplace();
    const job = new Job(place, 'embed.sbatch', ['nothing.fa', '--out', 'out', '--embedder', 'fake']);
    expect(await job.ended()).toBe(1);
    expect(job.asked).toEqual([]);
  });

  describe('with a server elsewhere', () => {
    let server: DevServer;
    beforeAll(async () => void (server = await startDevServer()));
    afterAll(() => server?.stop());

    it('worker-gpu.sbatch → serves with the GPUs of its job; SIGTERM → 0', async () => {
      const env = { TEMPORAL_ADDRESS: server.address, SLURM_GPUS_ON_NODE: '2', CUDA_VISIBLE_DEVICES: '4,6' };
      const job = new Job(workplace(), 'worker-gpu.sbatch', ['kmer'], env);
      await job.until(() => job.lines('serving gpu').length === 2);
      job.terminate();
      expect(await job.ended()).toBe(0);
    });
  });
});
