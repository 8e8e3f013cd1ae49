import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, chownSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { findTemporal } from '../../src/server/bootstrap/find-temporal.mjs';
import { freePorts } from '../../src/server/free-ports.ts';
import { healthCommand, interpolate, readCompose } from '../support/compose.ts';
import { REPOSITORY } from '../support/repository.ts';
import { checkpointNames, makeInputs } from '../support/run-folder.ts';
import { Container } from './container.ts';
import { installPackage } from './installed-package.ts';
import { canIsolate } from './isolation.ts';
import { Postgres } from './postgres.ts';
import { hasPrometheus, Prometheus } from './prometheus.ts';
import { TemporalServer } from './temporal-server.ts';

const run = promisify(execFile);
const FILES = 24;
const RECORDS = 2000;
const LENGTH = 1500;

const isIsolated = await canIsolate();
// Processes that are isolated have a /tmp of their own.
const folder = mkdtempSync(join(isIsolated ? '/var/tmp' : tmpdir(), 'virnucpro-deployment-'));
const runs = join(folder, 'runs');
const { services } = interpolate(readCompose());
let postgres: Postgres;
let temporal: TemporalServer;
let io: Container;
let gpu: Container;
let command: Container;
let ports: { io: number; gpu: number };
let inputs: string;

/** What npm run test:production has found or built. */
function program(name: string): string {
  const path = process.env[name];
  if (path === undefined) throw new Error(`${name} is not set: run this with npm run test:production`);
  return path;
}

beforeAll(async () => {
  postgres = await Postgres.create(program('VIRNUCPRO_POSTGRES'));
  const [server, sqlTool] = [program('VIRNUCPRO_TEMPORAL_SERVER'), program('VIRNUCPRO_TEMPORAL_SQL')];
  temporal = await TemporalServer.create(server, sqlTool, join(folder, 'temporal'), postgres.port);
  // As the file mounts it: users of images are not those of this machine.
  chmodSync(folder, 0o755);
  mkdirSync(runs);
  if (isIsolated) chownSync(runs, 1000, 1000);
  inputs = makeInputs(folder, FILES, RECORDS, LENGTH);
  const bin = await installPackage(join(folder, 'app'));
  const [ioPort, gpuPort] = (await freePorts('127.0.0.1', 2)) as [number, number];
  ports = { io: ioPort, gpu: gpuPort };
  const around = { bin, temporal: temporal.address, isolatedTo: isIsolated ? runs : undefined };
  io = new Container(services['worker-io']!, { ...around, metricsPort: ioPort });
  gpu = new Container(services['worker-gpu-kmer']!, { ...around, metricsPort: gpuPort });
  command = new Container(services['virnucpro']!, { ...around, metricsPort: 1 });
  await Promise.all([io.start(), gpu.start()]);
});

afterAll(async () => {
  await Promise.all([io?.stop(), gpu?.stop()]);
  await temporal?.stop();
  await postgres?.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** `docker compose run --rm virnucpro …`: its exit code and stdout. */
async function compose(...args: string[]): Promise<{ code: number; stdout: string }> {
  const child = command.spawn(args);
  let stdout = '';
  child.stdout?.on('data', (text: string) => void (stdout += text));
  const [code] = (await once(child, 'close')) as [number];
  return { code, stdout };
}

describe('the services of docker-compose.yml as processes', () => {
  it('health checks of the server and of the database → healthy', async () => {
    const [program1, ...args] = healthCommand(services['temporal']!);
    expect(program1).toBe('temporal');
    const { path } = await findTemporal({ log: () => {} });
    const mapped = args.map((argument) => argument.replace('temporal:7233', temporal.address));
    expect((await run(path, mapped)).stdout).toContain('default');
    const env = { ...process.env, PATH: `${program('VIRNUCPRO_POSTGRES')}:${process.env['PATH']}` };
    const where = { PGHOST: '127.0.0.1', PGPORT: String(postgres.port) };
    const [shell, ...script] = healthCommand(services['postgresql']!);
    expect((await run(shell, script, { env: { ...env, ...where } })).stdout).toContain('accepting connections');
  });

  it('both workers → healthy', async () => {
    expect([await io.isHealthy(), await gpu.isHealthy()]).toEqual([true, true]);
  });

  it('both workers → run as user 1000, without privileges, with a read-only root', ({ skip }) => {
    skip(!isIsolated, 'this user may not make mount namespaces: workers may write what it may');
    for (const worker of [io, gpu]) {
      const status = readFileSync(`/proc/${worker.pid}/status`, 'utf8');
      expect(status).toMatch(/^Uid:\t1000\t1000\t1000\t1000$/mu);
      expect(status).toMatch(/^NoNewPrivs:\t1$/mu);
      for (const set of ['Inh', 'Prm', 'Eff', 'Bnd', 'Amb'])
        expect(status).toMatch(new RegExp(`^Cap${set}:\t0+$`, 'mu'));
      const mounts = readFileSync(`/proc/${worker.pid}/mounts`, 'utf8').split('\n');
      expect(mounts.findLast((mount) => mount.split(' ')[1] === '/')?.split(' ')[3]).toMatch(/^ro\b/u);
    }
  });

  it('the command of the file → doctor finds both workers and no problem', async () => {
    const [name = '', ...rest] = services['virnucpro']?.command ?? [];
    const { code, stdout } = await compose(name, ...rest.map((argument) => argument.replace('/runs', runs)), '--json');
    const { findings } = JSON.parse(stdout) as { findings: { check: string; status: string; message: string }[] };
    expect(findings.filter(({ status }) => status === 'problem')).toEqual([]);
    // Queues of this server have several partitions, and a poll goes to any of them.
    expect(findings.find(({ check }) => check === 'server-clock')).toMatchObject({ status: 'ok' });
    const served = findings.filter(({ check, status }) => check === 'pollers' && status === 'ok');
    expect(served.map(({ message }) => /queue (\S+)/u.exec(message)?.[1])).toEqual([
      'virnucpro',
      'virnucpro',
      'virnucpro-gpu-kmer',
    ]);
    expect(code).toBe(0);
  });

  it('SIGTERM to the GPU worker in the middle of a run → ends in its grace period; started again → the run ends well', async () => {
    const out = join(runs, 'stopped');
    const embedding = compose('embed', inputs, '--out', out, '--embedder', 'kmer', '--json');
    await until(() => published(out) >= 3);
    const stopped = await gpu.stop();
    expect(stopped).toMatchObject({ code: 0, signal: null });
    const before = published(out);
    report(`stopped after ${before} of ${FILES} files in ${(stopped.milliseconds / 1000).toFixed(1)} s`);
    expect(before).toBeLessThan(FILES);
    expect(await gpu.isHealthy()).toBe(false);
    await gpu.start();
    const { code, stdout } = await embedding;
    expect(JSON.parse(stdout)).toMatchObject({ outcome: 'success', tasks: FILES, failed: 0, rows: FILES * RECORDS });
    expect(code).toBe(0);
    expect((await compose('validate-checkpoints', out, '--deep')).code).toBe(0);
  });

  it('SIGTERM to the io worker in the middle of a run → the same', async () => {
    const out = join(runs, 'io-stopped');
    const embedding = compose('embed', inputs, '--out', out, '--embedder', 'kmer', '--json');
    await until(() => published(out) >= 3);
    expect(await io.stop()).toMatchObject({ code: 0, signal: null });
    await io.start();
    const { code, stdout } = await embedding;
    expect(JSON.parse(stdout)).toMatchObject({ outcome: 'success', tasks: FILES, failed: 0 });
    expect(code).toBe(0);
  });

  it('Prometheus with the configuration of the file → its targets are up, its rules evaluated, rows counted', async ({
    skip,
  }) => {
    skip(!(await hasPrometheus()), 'no prometheus here (Debian: apt-get install prometheus)');
    const targets = {
      'worker-io:9464': `127.0.0.1:${ports.io}`,
      'worker-gpu-kmer:9464': `127.0.0.1:${ports.gpu}`,
    };
    const prometheus = await Prometheus.start(join(folder, 'prometheus'), services['prometheus']!, targets);
    try {
      const health = async () => (await prometheus.targets()).map((one) => `${one.health}${one.lastError}`);
      await until(async () => (await health()).filter((one) => one !== 'unknown').length === 2);
      expect(await health()).toEqual(['up', 'up']);
      await until(async () => ![...(await prometheus.rules()).values()].includes('unknown'));
      const rules = await prometheus.rules();
      expect([...rules.keys()].toSorted()).toEqual(shippedRules());
      expect([...new Set(rules.values())]).toEqual(['ok']);
      const rows = await prometheus.query('sum({__name__=~"virnucpro_.*rows.*_total"})');
      report(`Prometheus: ${rules.size} rules, rows told of ${rows.join()}`);
      expect(rows[0]).toBeGreaterThan(0);
    } finally {
      await prometheus.stop();
    }
  });
});

function published(out: string): number {
  try {
    return checkpointNames(out).length;
  } catch {
    return 0;
  }
}

async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await sleep(50);
}

function report(what: string): void {
  process.stdout.write(`${what}\n`);
}

function shippedRules(): string[] {
  const folderOfRules = join(REPOSITORY, 'deploy', 'prometheus');
  const { rule_files: files } = parse(readFileSync(join(folderOfRules, 'prometheus.yml'), 'utf8')) as {
    rule_files: string[];
  };
  const groups = files.flatMap((file) => {
    const rules = parse(readFileSync(join(folderOfRules, file), 'utf8')) as {
      groups: { rules: { alert?: string; record?: string }[] }[];
    };
    return rules.groups;
  });
  return groups.flatMap(({ rules }) => rules.map(({ alert, record }) => alert ?? record ?? '')).toSorted();
}
