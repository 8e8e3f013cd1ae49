import { execFile } from 'node:child_process';
import { cp, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { REPOSITORY } from '../support/repository.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

it("a clone that has no packages yet → the modules of package.json's commands load, so that they can install some", async () => {
  const clone = await temporaryFolder();
  for (const folder of ['scripts', 'src', 'package.json'])
    await cp(join(REPOSITORY, folder), join(clone, folder), { recursive: true });
  const modules = await modulesOfCommands();
  expect(modules).toContain('lib/build.mjs');

  const load = modules.map((module) => `await import(${JSON.stringify(`./scripts/${module}`)});`).join('\n');
  const { stderr } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', load], { cwd: clone });

  expect(stderr).toBe('');
});

/** What the scripts behind `npm test` and its like load before they do anything, which includes `npm ci`. */
async function modulesOfCommands(): Promise<string[]> {
  const { scripts } = JSON.parse(await readFile(join(REPOSITORY, 'package.json'), 'utf8')) as {
    scripts: Record<string, string>;
  };
  const files = Object.values(scripts).flatMap((command) => /^node (scripts\/\S+\.mjs)/.exec(command)?.[1] ?? []);
  const sources = await Promise.all(files.map((file) => readFile(join(REPOSITORY, file), 'utf8')));
  const loaded = sources.flatMap((source) => [...source.matchAll(/^const .* = await import\('\.\/(lib\/[^']+)'\)/gm)]);
  return [...new Set(loaded.map((match) => match[1] ?? ''))];
}
