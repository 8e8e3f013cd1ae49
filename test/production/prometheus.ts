import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { parse, stringify } from 'yaml';
import { freePorts } from '../../src/server/free-ports.ts';
import type { ComposeService } from '../support/compose.ts';
import { REPOSITORY } from '../support/repository.ts';

interface ScrapeConfig {
  job_name: string;
  static_configs?: { targets: string[]; labels?: Record<string, string> }[];
  dns_sd_configs?: { names: string[]; port?: number }[];
}

interface Configuration {
  scrape_configs: ScrapeConfig[];
}

/** A target as Prometheus tells of it. */
export interface Target {
  scrapePool: string;
  scrapeUrl: string;
  health: string;
  lastError: string;
}

const run = promisify(execFile);
/** Debian: apt-get install prometheus. */
const PROGRAM = 'prometheus';

export async function hasPrometheus(): Promise<boolean> {
  return run(PROGRAM, ['--version']).then(
    () => true,
    () => false,
  );
}

/** Prometheus with the shipped configuration, its targets replaced by where they are on this machine. */
export class Prometheus {
  readonly #url: string;
  readonly #process: ChildProcess;

  private constructor(url: string, child: ChildProcess) {
    this.#url = url;
    this.#process = child;
  }

  /**
   * @param service that of docker-compose.yml, for its command line
   * @param targets `host:port` of the configuration → `host:port` here; the others are left out
   */
  static async start(
    folder: string,
    { command = [] }: ComposeService,
    targets: Readonly<Record<string, string>>,
  ): Promise<Prometheus> {
    const configuration = join(folder, 'etc');
    mkdirSync(configuration, { recursive: true });
    cpSync(join(REPOSITORY, 'deploy', 'prometheus'), configuration, { recursive: true });
    const file = join(configuration, 'prometheus.yml');
    writeFileSync(file, stringify(mapTargets(parse(readFileSync(file, 'utf8')) as Configuration, targets)));
    const [port] = (await freePorts('127.0.0.1', 1)) as [number];
    const mapped = command.map((argument) =>
      argument.replace('=/etc/prometheus', `=${configuration}`).replace('=/prometheus', `=${join(folder, 'data')}`),
    );
    const child = spawn(PROGRAM, [...mapped, `--web.listen-address=127.0.0.1:${port}`], { stdio: 'ignore' });
    const prometheus = new Prometheus(`http://127.0.0.1:${port}`, child);
    await prometheus.#ready();
    return prometheus;
  }

  async #ready(): Promise<void> {
    for (;;) {
      if (this.#process.exitCode !== null) throw new Error(`Prometheus ended with ${this.#process.exitCode}`);
      const answer = await fetch(`${this.#url}/-/ready`).catch(() => undefined);
      if (answer?.ok) return;
      await sleep(100);
    }
  }

  async targets(): Promise<Target[]> {
    const { activeTargets } = await this.#ask<{ activeTargets: Target[] }>('targets');
    return activeTargets;
  }

  /** Rules by name: how each was evaluated last, `ok`, `err` or `unknown`. */
  async rules(): Promise<Map<string, string>> {
    const { groups } = await this.#ask<{ groups: { rules: { name: string; health: string }[] }[] }>('rules');
    return new Map(groups.flatMap(({ rules }) => rules).map(({ name, health }) => [name, health]));
  }

  /** The values of an instant query. */
  async query(expression: string): Promise<number[]> {
    const path = `query?query=${encodeURIComponent(expression)}`;
    const { result } = await this.#ask<{ result: { value: [number, string] }[] }>(path);
    return result.map(({ value }) => Number(value[1]));
  }

  async #ask<T>(path: string): Promise<T> {
    const answer = await fetch(`${this.#url}/api/v1/${path}`);
    return ((await answer.json()) as { data: T }).data;
  }

  async stop(): Promise<void> {
    const ended = once(this.#process, 'exit');
    this.#process.kill('SIGTERM');
    await ended;
  }
}

function mapTargets(configuration: Configuration, targets: Readonly<Record<string, string>>): Configuration {
  const map = (named: readonly string[]) => named.flatMap((target) => targets[target] ?? []);
  const scrape_configs = configuration.scrape_configs.map(({ static_configs = [], dns_sd_configs = [], ...rest }) => {
    const fixed = static_configs.map((one) => ({ ...one, targets: map(one.targets) }));
    const looked = dns_sd_configs.flatMap(({ names, port }) => names.map((name) => `${name}:${port}`));
    return { ...rest, static_configs: [...fixed, { targets: map(looked) }].filter((one) => one.targets.length > 0) };
  });
  return { ...configuration, scrape_configs };
}
