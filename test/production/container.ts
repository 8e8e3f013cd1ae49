import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { durationMs, healthCommand, type ComposeService } from '../support/compose.ts';
import { runHealthCheck } from '../support/health-check.ts';
import { isolated } from './isolation.ts';

/** Where the container of a service finds what it needs, on this machine. */
export interface Surroundings {
  /** Folder of the installed `virnucpro`. */
  bin: string;
  /** host:port of what the file calls `temporal:7233`. */
  temporal: string;
  /** What 9464 of this service is here. */
  metricsPort: number;
  /** Folder of the runs, for a process that may write nothing else; undefined: it may write what its user may. */
  isolatedTo: string | undefined;
}

/** How a container ended after it was told to. */
export interface Stopped {
  code: number | null;
  signal: NodeJS.Signals | null;
  milliseconds: number;
}

/**
 * A service of docker-compose.yml as a process: the entrypoint of its image, the command, environment, health check and grace
 * period of the file, and where the machine allows it the user, a read-only file system and no privileges. Not the same as
 * in a container: it sees the file system and the network of this machine.
 */
export class Container {
  readonly #service: ComposeService;
  readonly #surroundings: Surroundings;
  #process: ChildProcess | undefined;
  #said = '';

  constructor(service: ComposeService, surroundings: Surroundings) {
    this.#service = service;
    this.#surroundings = surroundings;
  }

  get pid(): number | undefined {
    return this.#process?.pid;
  }

  /** What it has printed so far. */
  get said(): string {
    return this.#said;
  }

  /** Starts it; resolves when its health check says so. */
  async start(): Promise<void> {
    const child = this.spawn(this.#service.command ?? []);
    this.#process = child;
    while (!(await this.isHealthy())) {
      if (child.exitCode !== null) throw new Error(`it ended with ${child.exitCode}:\n${this.#said}`);
      await sleep(200);
    }
  }

  /** A command as `docker compose run` starts it. */
  spawn(command: readonly string[]): ChildProcess {
    const { bin, temporal, metricsPort, isolatedTo } = this.#surroundings;
    const mapped = command.map((argument) => argument.replace(/^0\.0\.0\.0:9464$/u, `127.0.0.1:${metricsPort}`));
    const declared = Object.entries(this.#service.environment ?? {}).map(([name, value]) => [
      name,
      String(value).replace('temporal:7233', temporal),
    ]);
    // Nothing of this process's environment: a container has none of it.
    const image = { NODE_ENV: 'production', PATH: `${bin}:${process.env['PATH']}`, HOME: '/tmp' };
    const env = { ...image, ...Object.fromEntries(declared) } as NodeJS.ProcessEnv;
    const virnucpro = [join(bin, 'virnucpro'), ...mapped] as const;
    const [program, ...args] = isolatedTo === undefined ? virnucpro : isolated(isolatedTo, virnucpro);
    const child = spawn(program, args, { env, cwd: '/', stdio: ['ignore', 'pipe', 'pipe'] });
    for (const output of [child.stdout, child.stderr]) {
      output.setEncoding('utf8').on('data', (text: string) => void (this.#said += text));
    }
    return child;
  }

  async isHealthy(): Promise<boolean> {
    const command = healthCommand(this.#service);
    return (await runHealthCheck(command, { 9464: this.#surroundings.metricsPort })) === 0;
  }

  /** SIGTERM, and SIGKILL after the grace period, as an engine does it. */
  async stop(): Promise<Stopped> {
    const child = this.#process!;
    const started = performance.now();
    if (child.exitCode === null && child.signalCode === null) {
      const killer = setTimeout(() => child.kill('SIGKILL'), durationMs(this.#service.stop_grace_period ?? '10s'));
      const ended = once(child, 'exit');
      child.kill('SIGTERM');
      await ended;
      clearTimeout(killer);
    }
    return { code: child.exitCode, signal: child.signalCode, milliseconds: performance.now() - started };
  }
}
