import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DockerfileParser, type Cmd, type Copy, type Dockerfile, type Entrypoint } from 'dockerfile-ast';
import { validate } from 'dockerfile-utils';
import { describe, expect, it } from 'vitest';
import { DEFAULT_TORCH } from '../../src/cli/setup-models/setup-models.ts';
import { sidecarVenv } from '../../src/platform/sidecar-python.ts';
import { interpolate, readCompose } from '../support/compose.ts';
import { REPOSITORY } from '../support/repository.ts';

const NAMES = ['Dockerfile', 'Dockerfile.gpu'] as const;
const NODE = /^node:20\.(?:19|[2-9]\d)\.\d+-bookworm-slim$/u;
const CUDA = /^nvidia\/cuda:\d+\.\d+\.\d+-base-ubuntu\d\d\.\d\d$/u;

const read = (name: string) => readFileSync(join(REPOSITORY, name), 'utf8');
const manifest = JSON.parse(read('package.json')) as {
  engines: { node: string };
  bin: Record<string, string>;
  peerDependencies: Record<string, string>;
  peerDependenciesMeta: Record<string, { optional: boolean }>;
};

/** They are not built: no container engine is needed. Their syntax and what they say is looked at. */
describe.each(NAMES)('%s', (name) => {
  const text = read(name);
  const file = DockerfileParser.parse(text);

  it('the file → nothing that a builder refuses', () => {
    expect(validate(text).map(({ message, range }) => ({ line: range.start.line + 1, message }))).toEqual([]);
  });

  it('the file with a misspelt instruction, or a flag that there is not → refused, so they do look', () => {
    expect(validate(text.replace(/^WORKDIR/mu, 'WORKDIIR'))).not.toEqual([]);
    expect(validate(text.replace('COPY --from=build', 'COPY --form=build'))).not.toEqual([]);
  });

  it('its bases → with a full version; the last stage that of its image', () => {
    const images = file.getFROMs().map((from) => from.getImage() ?? '');
    expect(images).toEqual([expect.stringMatching(NODE), expect.stringMatching(name === 'Dockerfile' ? NODE : CUDA)]);
    expect(manifest.engines.node).toBe('>=20.19');
  });

  it('its user → not root, by number, the one of its services, and after everything that needs root', () => {
    const last = lastStage(file);
    const users = last.filter((instruction) => instruction.getKeyword() === 'USER');
    expect(users.map((user) => user.getArgumentsContent())).toEqual(['1000:1000']);
    const after = last.slice(last.indexOf(users[0]!)).map((instruction) => instruction.getKeyword());
    expect(after).toEqual(['USER', 'EXPOSE', 'ENTRYPOINT', 'CMD']);
    const using = Object.values(readCompose().services).filter(({ build }) => dockerfileOf(build) === name);
    expect(using.length).toBeGreaterThan(0);
    for (const { user } of using) expect(user).toBe('1000:1000');
  });

  it('what it starts → virnucpro without a shell, which would keep signals from it', () => {
    const [entrypoint] = file.getENTRYPOINTs() as [Entrypoint];
    const [cmd] = file.getCMDs() as [Cmd];
    expect(jsonOf(entrypoint)).toEqual(['virnucpro']);
    expect(jsonOf(cmd)).toEqual(['--help']);
    expect(Object.keys(manifest.bin)).toEqual(['virnucpro']);
  });

  it('the port that it tells of → that of the health checks', () => {
    const exposed = file.getInstructions().filter((instruction) => instruction.getKeyword() === 'EXPOSE');
    expect(exposed.map((instruction) => instruction.getArgumentsContent())).toEqual(['9464']);
  });

  it('what it copies from outside → the repository, less what .dockerignore names; nothing is fetched by ADD', () => {
    const outside = file.getCOPYs().filter((copy) => fromOf(copy) === undefined);
    expect(outside.map((copy) => copy.getArgumentsContent())).toEqual(['package.json package-lock.json ./', '. .']);
    expect(file.getInstructions().some((instruction) => instruction.getKeyword() === 'ADD')).toBe(false);
    const ignored = read('.dockerignore').split('\n');
    expect(ignored).toEqual(expect.arrayContaining(['.git', 'dist', 'node_modules']));
  });

  it('packages that it adds → those that ours can do without, in the versions that it asks for', () => {
    const added = [...text.matchAll(/(?<=\s)(@[a-z]+\/[a-z-]+)@(\S+)/gu)];
    const optional = Object.keys(manifest.peerDependenciesMeta);
    expect(added.map(([, one = '']) => one).toSorted()).toEqual(optional.toSorted());
    for (const [, one = '', version] of added) expect(major(version)).toBe(major(manifest.peerDependencies[one]));
  });

  it('stages that it copies from → there', () => {
    const stages = file.getFROMs().map((from) => from.getBuildStage());
    for (const copy of file.getCOPYs()) {
      const from = fromOf(copy);
      if (from !== undefined) expect(stages).toContain(from);
    }
  });

  it('apt-get → without recommended packages, and its lists are removed in the same layer', () => {
    for (const run of file.getInstructions().filter((instruction) => instruction.getKeyword() === 'RUN')) {
      const command = run.getArgumentsContent() ?? '';
      if (!command.includes('apt-get install')) continue;
      expect(command).toContain('--no-install-recommends');
      expect(command).toContain('rm -rf /var/lib/apt/lists/*');
      expect(command).toMatch(/^apt-get update/u);
    }
  });
});

describe('Dockerfile.gpu', () => {
  const text = read('Dockerfile.gpu');

  it('its environment for Python → where the models look for it, with the torch of setup-models', () => {
    const data = /XDG_DATA_HOME=(\S+)/u.exec(text)?.[1];
    expect(text).toContain(`python3 -m venv ${sidecarVenv({ XDG_DATA_HOME: data })} `);
    expect(text).toContain(`pip install torch==${DEFAULT_TORCH}\n`);
    expect(text).toMatch(/^RUN virnucpro setup-models /mu);
    expect(text.indexOf('pip install torch')).toBeLessThan(text.indexOf('COPY --from=build /packed'));
  });

  it('its weights → from where the services mount them, never from the network', () => {
    expect(text).toMatch(/^ENV HF_HOME=\/models HF_HUB_OFFLINE=1/mu);
    const { volumes } = interpolate(readCompose()).services['worker-gpu-esm2-3b']!;
    expect(volumes).toContain('./models:/models:ro');
  });
});

function major(range: string | undefined): string | undefined {
  return /\d+/u.exec(range ?? '')?.[0];
}

function lastStage(file: Dockerfile) {
  const instructions = file.getInstructions();
  return instructions.slice(instructions.findLastIndex((instruction) => instruction.getKeyword() === 'FROM'));
}

function jsonOf(instruction: Entrypoint | Cmd): unknown {
  return JSON.parse(instruction.getArgumentsContent() ?? 'null');
}

function fromOf(copy: Copy): string | undefined {
  return copy.getFromFlag()?.getValue() ?? undefined;
}

function dockerfileOf(build: string | { dockerfile: string } | undefined): string | undefined {
  return typeof build === 'string' ? 'Dockerfile' : build?.dockerfile;
}
