import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const exec = promisify(execFile);
const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const HISTORIES = join(ROOT, 'test', 'replay', 'histories');
const ENTRY_POINTS = ['', '/workflows', '/activities', '/client', '/worker', '/checkpoint'];

interface PackedFile {
  readonly path: string;
  readonly mode: number;
}

/** The package as npm gives it to a user: packed, then installed into an empty project. */
describe('the packed package in an empty project', () => {
  let project = '';
  let files: readonly PackedFile[] = [];

  beforeAll(async () => {
    project = realpathSync(mkdtempSync(join(tmpdir(), 'virnucpro-installed-')));
    const packed = await npm(ROOT, 'pack', '--json', '--ignore-scripts', '--pack-destination', project);
    const [tarball] = JSON.parse(packed) as [{ filename: string; files: readonly PackedFile[] }];
    files = tarball.files;
    writeFileSync(join(project, 'package.json'), JSON.stringify({ name: 'empty', private: true, type: 'module' }));
    await npm(project, 'install', '--no-audit', '--no-fund', '--prefer-offline', join(project, tarball.filename));
  });
  afterAll(() => rmSync(project, { recursive: true, force: true }));

  it('its files → what is built, documents, examples; no sources, tests, build stamp or outputs', () => {
    const paths = files.map(({ path }) => path);
    expect(paths).toEqual(
      expect.arrayContaining([
        'LICENSE',
        'package.json',
        'dist/workflow-bundle.js',
        'dist/workflow-bundle-traced.js',
        'dist/cli/main.js',
      ]),
    );
    const ours = /^(?:deploy|dist|docs|examples|python)\/|^[A-Z]+(?:\.md)?$|^package\.json$/u;
    expect(paths.filter((path) => !ours.test(path))).toEqual([]);
    const made =
      /\.build-stamp$|^examples\/(?:output|wiring\/build)\/|(?:^|\/)(?:__pycache__|\.[^/]*cache|\.snakemake)\//u;
    expect(paths.filter((path) => made.test(path))).toEqual([]);
    expect((files.find(({ path }) => path === 'dist/cli/main.js')?.mode ?? 0) & 0o111).toBe(0o111);
  });

  it('protobufjs → one copy, 8.x, in all of Temporal: with two, no recorded history can be read', async () => {
    const program = `
      import { createRequire } from 'node:module';
      import { realpathSync } from 'node:fs';
      const from = (name) => createRequire(realpathSync(createRequire(import.meta.url).resolve(name)));
      const users = ['@temporalio/common', '@temporalio/proto', 'virnucpro-temporal'];
      const manifests = users.map((name) => from(name).resolve('protobufjs/package.json'));
      console.log(JSON.stringify({ copies: new Set(manifests).size, version: from(users[0])('protobufjs/package.json').version }));`;
    expect(JSON.parse(await node(project, program))).toEqual({ copies: 1, version: expect.stringMatching(/^8\./u) });
  });

  it.each(ENTRY_POINTS)('virnucpro-temporal%s → can be imported and exports something', async (entry) => {
    const program = `console.log(Object.keys(await import('virnucpro-temporal${entry}')).length)`;
    expect(Number(await node(project, program))).toBeGreaterThan(0);
  });

  it('npx virnucpro --help → the commands', async () => {
    const { stdout } = await exec('npx', ['--no-install', 'virnucpro', '--help'], { cwd: project });
    for (const command of [
      'predict',
      'embed',
      'validate-checkpoints',
      'inspect',
      'convert',
      'worker',
      'replay',
      'doctor',
    ]) {
      expect(stdout).toMatch(new RegExp(`^  ${command}`, 'mu'));
    }
  });

  it("virnucpro-temporal/workflows → can be bundled into a user's own worker", async () => {
    writeFileSync(join(project, 'own-workflows.js'), `export { embeddingRun } from 'virnucpro-temporal/workflows';\n`);
    const program = `
      import { bundleWorkflowCode, DefaultLogger } from '@temporalio/worker';
      const logger = new DefaultLogger('ERROR');
      const { code } = await bundleWorkflowCode({ workflowsPath: '${join(project, 'own-workflows.js')}', logger });
      console.log(code.includes('embeddingRun'));`;
    expect((await node(project, program)).trim()).toBe('true');
  });

  it('recorded histories → all replay with the shipped bundle', async () => {
    const names = readdirSync(HISTORIES).filter((name) => name.endsWith('.json'));
    expect(names).not.toEqual([]);
    const program = `
      import { Runtime, DefaultLogger } from '@temporalio/worker';
      import { readHistoryFile, replayHistories } from 'virnucpro-temporal/client';
      Runtime.install({ logger: new DefaultLogger('ERROR') });
      const paths = ${JSON.stringify(names.map((name) => join(HISTORIES, name)))};
      const verdicts = [];
      for await (const verdict of replayHistories(await Promise.all(paths.map(readHistoryFile)))) verdicts.push(verdict);
      console.log(JSON.stringify(verdicts));
      process.exit();`;
    const verdicts = JSON.parse(await node(project, program)) as { workflowId: string; divergence?: string }[];
    expect(verdicts).toHaveLength(names.length);
    expect(verdicts.filter(({ divergence }) => divergence !== undefined)).toEqual([]);
  });
});

async function npm(cwd: string, ...args: string[]): Promise<string> {
  return (await exec('npm', args, { cwd, maxBuffer: 1 << 26 })).stdout;
}

async function node(cwd: string, program: string): Promise<string> {
  return (await exec(process.execPath, ['--input-type=module', '--eval', program], { cwd, maxBuffer: 1 << 26 })).stdout;
}
