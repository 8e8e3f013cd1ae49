import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { closeSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { Connection } from '@temporalio/client';
import { stringify } from 'yaml';

const run = promisify(execFile);

type RegisterNamespace = Parameters<Connection['workflowService']['registerNamespace']>[0];
type Retention = NonNullable<RegisterNamespace['workflowExecutionRetentionPeriod']>;

const HOST = '127.0.0.1';
/** How often it may find that its database is not ready. */
const MAX_STARTS = 10;
const DATABASES = { default: 'temporal', visibility: 'temporal_visibility' };
const SERVICES = ['frontend', 'matching', 'history', 'worker'] as const;

/** A Temporal server on PostgreSQL as in production, all four services in one process; may be killed and started again. */
export class TemporalServer {
  readonly address: string;
  readonly #program: string;
  readonly #folder: string;
  #process: ChildProcess | undefined;

  private constructor(program: string, folder: string, address: string) {
    this.#program = program;
    this.#folder = folder;
    this.address = address;
  }

  /** Makes both databases with their schemas, starts the server and registers the namespace `default`. */
  static async create(program: string, sqlTool: string, folder: string, postgresPort: number): Promise<TemporalServer> {
    await makeSchemas(sqlTool, postgresPort);
    mkdirSync(join(folder, 'config'), { recursive: true });
    const ports = await lowPorts(SERVICES.length * 2 + 1);
    const address = `${HOST}:${ports[0]}`;
    const server = new TemporalServer(program, folder, address);
    writeFileSync(join(folder, 'config', 'development.yaml'), configuration(folder, ports, postgresPort));
    server.setFairness(false);
    await server.start();
    await server.#register();
    return server;
  }

  /** Takes effect at the next start. */
  setFairness(enabled: boolean): void {
    writeFileSync(join(this.#folder, 'dynamic.yaml'), stringify({ 'matching.enableFairness': [{ value: enabled }] }));
  }

  /** Resolves when it answers. It ends where the database is not ready, and is started again, as a supervisor would. */
  async start(): Promise<void> {
    for (let tries = 0; tries < MAX_STARTS; tries++) {
      const child = this.#spawn();
      while (child.exitCode === null) {
        if (await this.#answers()) return;
        await sleep(200);
      }
      await sleep(1000);
    }
    throw new Error(`the Temporal server does not start: ${this.log().slice(-2000)}`);
  }

  #spawn(): ChildProcess {
    const log = openSync(join(this.#folder, 'server.log'), 'a');
    const options = ['--root', this.#folder, '--config', 'config', '--env', 'development', '--allow-no-auth', 'start'];
    this.#process = spawn(this.#program, options, { stdio: ['ignore', log, log] });
    closeSync(log);
    return this.#process;
  }

  async kill(): Promise<void> {
    await this.#end('SIGKILL');
  }

  async stop(): Promise<void> {
    await this.#end('SIGTERM');
  }

  log(): string {
    return readFileSync(join(this.#folder, 'server.log'), 'utf8');
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#process;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill(signal);
    await ended;
  }

  async #answers(): Promise<boolean> {
    try {
      const connection = await Connection.connect({ address: this.address, connectTimeout: 1000 });
      await connection.close();
      return true;
    } catch {
      return false;
    }
  }

  /** A new namespace is known to every service within seconds. */
  async #register(): Promise<void> {
    const connection = await Connection.connect({ address: this.address });
    try {
      // Typed as a Long, but a number is encoded just as well.
      const workflowExecutionRetentionPeriod = { seconds: 86_400 } as unknown as Retention;
      await connection.workflowService.registerNamespace({ namespace: 'default', workflowExecutionRetentionPeriod });
      const known = () =>
        connection.workflowService.listWorkflowExecutions({ namespace: 'default', pageSize: 1 }).then(
          () => true,
          () => false,
        );
      while (!(await known())) await sleep(500);
    } finally {
      await connection.close();
    }
  }
}

/** The server keeps ports in columns of 16 bits with a sign; those that a system gives by itself are above that. */
async function lowPorts(count: number): Promise<number[]> {
  const ports = new Set<number>();
  while (ports.size < count) {
    const port = randomInt(10_000, 2 ** 15);
    if (await isFree(port)) ports.add(port);
  }
  return [...ports];
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer().listen({ host: HOST, port });
  try {
    await once(server, 'listening');
    await once(server.close(), 'close');
    return true;
  } catch {
    return false;
  }
}

async function makeSchemas(sqlTool: string, port: number): Promise<void> {
  const connection = ['--plugin', 'postgres12', '--ep', HOST, '-p', String(port), '-u', 'temporal', '--pw', 'none'];
  for (const [store, database] of Object.entries(DATABASES)) {
    const schema = `postgresql/v12/${store === 'default' ? 'temporal' : 'visibility'}`;
    const tool = (...args: string[]) => run(sqlTool, [...connection, '--db', database, ...args]);
    await tool('create');
    await tool('setup-schema', '-v', '0.0');
    await tool('update-schema', '--schema-name', schema);
  }
}

function configuration(folder: string, ports: readonly number[], postgresPort: number): string {
  const store = (databaseName: string) => ({
    sql: {
      pluginName: 'postgres12',
      databaseName,
      connectAddr: `${HOST}:${postgresPort}`,
      connectProtocol: 'tcp',
      user: 'temporal',
      password: 'none',
      maxConns: 20,
      maxIdleConns: 20,
    },
  });
  const service = (_: string, at: number) => ({
    rpc: {
      grpcPort: ports[at],
      membershipPort: ports[SERVICES.length + at],
      bindOnLocalHost: true,
      ...(at === 0 ? { httpPort: ports[SERVICES.length * 2] } : {}),
    },
  });
  const cluster = { enabled: true, initialFailoverVersion: 1, rpcName: 'frontend', rpcAddress: `${HOST}:${ports[0]}` };
  return stringify({
    log: { stdout: true, level: 'warn' },
    persistence: {
      defaultStore: 'default',
      visibilityStore: 'visibility',
      numHistoryShards: 4,
      datastores: { default: store(DATABASES.default), visibility: store(DATABASES.visibility) },
    },
    global: { membership: { maxJoinDuration: '30s', broadcastAddress: HOST } },
    services: Object.fromEntries(SERVICES.map((name, at) => [name, service(name, at)])),
    clusterMetadata: {
      enableGlobalNamespace: false,
      failoverVersionIncrement: 10,
      masterClusterName: 'active',
      currentClusterName: 'active',
      clusterInformation: { active: cluster },
    },
    dcRedirectionPolicy: { policy: 'noop' },
    dynamicConfigClient: { filepath: join(folder, 'dynamic.yaml'), pollInterval: '10s' },
  });
}
