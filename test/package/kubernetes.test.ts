import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Command } from 'commander';
import type { IDeployment } from 'kubernetes-models/apps/v1';
import { Deployment } from 'kubernetes-models/apps/v1';
import { Job, type IJob } from 'kubernetes-models/batch/v1';
import { PodDisruptionBudget, type IPodDisruptionBudget } from 'kubernetes-models/policy/v1';
import {
  ConfigMap,
  Namespace,
  PersistentVolumeClaim,
  Secret,
  type IConfigMap,
  type IPodSpec,
} from 'kubernetes-models/v1';
import { describe, expect, it } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { embedCommand } from '../../src/cli/embed-command.ts';
import { workerCommand } from '../../src/cli/worker-command.ts';
import type { WorkerFlags } from '../../src/cli/worker/worker-flags.ts';
import { STOP_TIMEOUT_MS } from '../../src/cli/worker/worker-per-gpu.ts';
import { EXIT_CODES } from '../../src/contract/outcome.ts';
import { SHUTDOWN_FORCE_MS } from '../../src/worker/shutdown.ts';
import { interpolate, readCompose } from '../support/compose.ts';
import { REPOSITORY } from '../support/repository.ts';

const FOLDER = join(REPOSITORY, 'deploy', 'kubernetes');
/** What the validation needs of a kind: its class, and the module and name of its type. */
const KINDS = {
  'apps/v1 Deployment': [Deployment, 'apps/v1', 'IDeployment'],
  'batch/v1 Job': [Job, 'batch/v1', 'IJob'],
  'policy/v1 PodDisruptionBudget': [PodDisruptionBudget, 'policy/v1', 'IPodDisruptionBudget'],
  'v1 ConfigMap': [ConfigMap, 'v1', 'IConfigMap'],
  'v1 Namespace': [Namespace, 'v1', 'INamespace'],
  'v1 PersistentVolumeClaim': [PersistentVolumeClaim, 'v1', 'IPersistentVolumeClaim'],
  'v1 Secret': [Secret, 'v1', 'ISecret'],
} as const;

interface Manifest {
  readonly file: string;
  readonly kind: keyof typeof KINDS;
  readonly name: string;
  readonly content: object;
}

const files = readdirSync(FOLDER).filter((name) => name.endsWith('.yaml') && name !== 'kustomization.yaml');
const manifests = files.flatMap(readManifests);
const deployments = manifestsOf<IDeployment>('apps/v1 Deployment');
const [job] = manifestsOf<IJob>('batch/v1 Job');
const pods = [...deployments, { name: 'embed', content: job!.content }].map(({ name, content }) => ({
  name,
  pod: content.spec?.template.spec as IPodSpec,
}));

/** No cluster is here: the manifests are held against the API's schema and types, and against our own command. */
describe('deploy/kubernetes', () => {
  it.each(manifests)('$file, $name → valid by the schema of the Kubernetes API', ({ kind, content }) => {
    const [Model] = KINDS[kind];
    expect(() => new Model(structuredClone(content) as never).validate()).not.toThrow();
  });

  it('all of them → no field that the API does not have', async () => {
    expect(await unknownFields(manifests)).toBe('');
  });

  it('a misspelt field, a number for a word → found, so the checks do look', async () => {
    const [deployment] = deployments;
    const misspelt = JSON.stringify(deployment?.content).replace('livenessProbe', 'livenesProbe');
    const one = {
      ...manifests.find(({ kind }) => kind === 'apps/v1 Deployment')!,
      content: JSON.parse(misspelt) as object,
    };
    expect(await unknownFields([one])).toContain('livenesProbe');
    const wrong = JSON.parse(
      JSON.stringify(deployment?.content).replace(/"replicas":\d+/u, '"replicas":"many"'),
    ) as never;
    expect(() => new Deployment(wrong).validate()).toThrow('replicas');
  });

  it('kustomization.yaml → every file but the examples; images that the manifests use', () => {
    const { resources, images, namespace } = parse(readFileSync(join(FOLDER, 'kustomization.yaml'), 'utf8')) as {
      resources: string[];
      images: { name: string; newTag: string }[];
      namespace: string;
    };
    expect(resources.toSorted()).toEqual(files.filter((file) => !file.includes('.example.')).toSorted());
    const used = deployments.flatMap(({ content }) =>
      containersOf(content.spec?.template.spec).map(({ image = '' }) => image),
    );
    expect(images.map(({ name }) => name).toSorted()).toEqual(used.toSorted());
    expect(namespace).toBe(manifestsOf<object>('v1 Namespace')[0]?.name);
  });

  it('names that they refer to → there', () => {
    const names = (kind: keyof typeof KINDS) => manifestsOf<object>(kind).map(({ name }) => name);
    for (const { pod } of pods) {
      const claims = (pod.volumes ?? []).flatMap(({ persistentVolumeClaim }) => persistentVolumeClaim?.claimName ?? []);
      expect(names('v1 PersistentVolumeClaim')).toEqual(expect.arrayContaining(claims));
      for (const { envFrom = [] } of containersOf(pod)) {
        expect(envFrom.map(({ configMapRef, secretRef }) => configMapRef?.name ?? secretRef?.name)).toEqual([
          ...names('v1 ConfigMap'),
          ...names('v1 Secret'),
        ]);
      }
    }
  });

  it('the connection → variables that are read', () => {
    const [config] = manifestsOf<IConfigMap>('v1 ConfigMap');
    expect(Object.keys(config?.content.data ?? {})).toEqual(['TEMPORAL_ADDRESS', 'TEMPORAL_NAMESPACE']);
    expect(readFileSync(join(FOLDER, 'secret.example.yaml'), 'utf8')).toMatch(/^ {2}TEMPORAL_API_KEY: /mu);
  });
});

describe.each(pods)('pod of $name', ({ pod }) => {
  it('→ keeps to the restricted Pod Security Standard, with a read-only root', () => {
    expect(pod.securityContext).toMatchObject({
      runAsNonRoot: true,
      runAsUser: 1000,
      seccompProfile: { type: 'RuntimeDefault' },
    });
    expect(pod).toMatchObject({ automountServiceAccountToken: false, enableServiceLinks: false });
    expect([pod.hostNetwork, pod.hostPID, pod.hostIPC]).toEqual([undefined, undefined, undefined]);
    for (const { securityContext } of containersOf(pod)) {
      expect(securityContext).toEqual({
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        capabilities: { drop: ['ALL'] },
      });
    }
    expect((pod.volumes ?? []).some(({ hostPath }) => hostPath !== undefined)).toBe(false);
  });

  it('→ what is mounted is declared, the paths are those of docker-compose.yml, /tmp may be written', () => {
    const volumes = new Set((pod.volumes ?? []).map(({ name }) => name));
    const mounts = containersOf(pod).flatMap(({ volumeMounts = [] }) => volumeMounts);
    expect(new Set(mounts.map(({ name }) => name))).toEqual(volumes);
    const written = mounts.filter(({ readOnly }) => readOnly !== true).map(({ mountPath }) => mountPath);
    expect(written).toEqual(['/runs', '/tmp']);
    const composePaths = Object.values(readCompose().services).flatMap(({ volumes: bound = [] }) =>
      bound.map((volume) => volume.replace(/:ro$/u, '').split(':').at(-1)),
    );
    for (const { mountPath } of mounts) if (mountPath !== '/tmp') expect(composePaths).toContain(mountPath);
  });

  it('→ memory has a bound', () => {
    for (const { resources } of containersOf(pod)) expect(resources?.limits?.['memory']).toBeDefined();
  });
});

describe.each(deployments)('deployment $name', ({ name, content }) => {
  const { selector, template, strategy, replicas } = content.spec!;
  const pod = template.spec!;
  const [container] = containersOf(pod);
  const flags = flagsOf<WorkerFlags>(workerCommand(), container?.args);
  const isGpu = flags.role === 'gpu';

  it('→ its selector, its pods and its disruption budget go together', () => {
    expect(template.metadata?.labels).toEqual(selector.matchLabels);
    const budgets = manifestsOf<IPodDisruptionBudget>('policy/v1 PodDisruptionBudget');
    expect(budgets.find((budget) => budget.name === name)?.content.spec?.selector?.matchLabels).toEqual(
      selector.matchLabels,
    );
  });

  it('→ a command line that our parser accepts, the entrypoint of the image left as it is', () => {
    expect(container?.command).toBeUndefined();
    expect(flags.metricsAddress).toEqual({ host: '0.0.0.0', port: 9464 });
    expect(name).toBe(isGpu ? `virnucpro-worker-gpu-${flags.embedder?.join('+')}` : 'virnucpro-worker-io');
  });

  it('→ probes and annotations name the port of the metrics', () => {
    const get = { path: '/metrics', port: 'metrics' };
    expect(container?.ports).toEqual([{ name: 'metrics', containerPort: flags.metricsAddress?.port }]);
    for (const probe of ['startupProbe', 'livenessProbe', 'readinessProbe'] as const) {
      expect(container?.[probe]?.httpGet).toEqual(get);
    }
    expect(template.metadata?.annotations).toMatchObject({ 'prometheus.io/port': String(flags.metricsAddress?.port) });
  });

  it('→ more time to end than it takes to hand its tasks back', () => {
    const grace = (pod.terminationGracePeriodSeconds ?? 0) * 1000;
    expect(grace).toBeGreaterThan(isGpu ? STOP_TIMEOUT_MS : SHUTDOWN_FORCE_MS);
    const service = interpolate(readCompose()).services[name.replace('virnucpro-', '')];
    expect(service?.stop_grace_period).toBe(`${grace / 1000}s`);
  });

  it('→ a GPU each and no pod beside the old one, or no GPU and never fewer than wanted', () => {
    const gpus = container?.resources?.limits?.['nvidia.com/gpu'];
    if (!isGpu) {
      expect([gpus, replicas, strategy?.rollingUpdate?.maxUnavailable]).toEqual([undefined, 2, 0]);
      return;
    }
    expect([gpus, flags.gpus, strategy?.rollingUpdate?.maxSurge]).toEqual([1, ['0'], 0]);
    expect(pod.nodeSelector).toEqual({ 'nvidia.com/gpu.present': 'true' });
    expect(pod.tolerations).toEqual([{ key: 'nvidia.com/gpu', operator: 'Exists', effect: 'NoSchedule' }]);
  });
});

it('the job → a command line that our parser accepts; exit codes that mean that another try is no use end it', () => {
  const [container] = containersOf(job?.content.spec?.template.spec);
  flagsOf(embedCommand(), container?.args);
  const [rule] = job?.content.spec?.podFailurePolicy?.rules ?? [];
  const codes = [EXIT_CODES.failed, EXIT_CODES.partial, EXIT_CODES.checkpoint];
  expect(rule).toMatchObject({ action: 'FailJob', onExitCodes: { operator: 'In', values: codes } });
});

function readManifests(file: string): Manifest[] {
  const documents = parseAllDocuments(readFileSync(join(FOLDER, file), 'utf8'));
  return documents.map((document) => {
    const content = document.toJS() as {
      apiVersion: string;
      kind: string;
      metadata: { name?: string; generateName?: string };
    };
    const kind = `${content.apiVersion} ${content.kind}`;
    if (!Object.hasOwn(KINDS, kind)) throw new Error(`${file}: no schema for ${kind}`);
    const name = content.metadata.name ?? content.metadata.generateName ?? '';
    return { file, kind: kind as keyof typeof KINDS, name, content };
  });
}

// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- says what a manifest of this kind is
function manifestsOf<T extends object>(kind: keyof typeof KINDS): { name: string; content: T }[] {
  return manifests.filter((one) => one.kind === kind).map(({ name, content }) => ({ name, content: content as T }));
}

function containersOf(pod: IPodSpec | undefined): IPodSpec['containers'] {
  return pod?.containers ?? [];
}

/** What our own parser makes of a container's arguments: the name of a command and its options. */
// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- as in commander's opts
function flagsOf<T extends object>(command: Command, args: readonly string[] = []): T {
  const [name, ...rest] = args;
  expect(name).toBe(command.name());
  command.exitOverride().action(() => {});
  return command.parse(rest, { from: 'user' }).opts<T>();
}

/**
 * The schema allows any further field, as the server once did; TypeScript does not: manifests are written down as objects of
 * the API's types.
 *
 * @returns what the compiler says
 */
async function unknownFields(all: readonly Manifest[]): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'virnucpro-kubernetes-'));
  try {
    symlinkSync(join(REPOSITORY, 'node_modules'), join(folder, 'node_modules'));
    writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
    const lines = all.map(({ kind, content }, at) => {
      const [, module, type] = KINDS[kind];
      return `const at${at}: import('kubernetes-models/${module}').${type} = ${JSON.stringify(content)};`;
    });
    writeFileSync(join(folder, 'manifests.ts'), `${lines.join('\n')}\nexport {};\n`);
    const compiler = join(REPOSITORY, 'node_modules', 'typescript', 'bin', 'tsc');
    const options = ['--noEmit', '--strict', '--skipLibCheck', '--module', 'nodenext', '--types', ''];

    return await promisify(execFile)(process.execPath, [compiler, ...options, join(folder, 'manifests.ts')], {
      cwd: folder,
    }).then(
      ({ stdout }) => stdout,
      (error: { stdout: string }) => error.stdout,
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
