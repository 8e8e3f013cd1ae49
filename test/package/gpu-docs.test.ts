import { execFile } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { DEFAULT_TORCH } from '../../src/cli/setup-models/setup-models.ts';
import { EXIT_DEVICE_LOST } from '../../src/cli/exit.ts';
import { readSections } from '../support/markdown.ts';
import { REPOSITORY } from '../support/repository.ts';

const exec = promisify(execFile);
const text = readFileSync(join(REPOSITORY, 'docs', 'gpu-workers.md'), 'utf8');
const fences = readSections(text).flatMap((section) => section.fences);
const unit = fences.find(({ language }) => language === 'ini')?.text ?? '';
async function help(command: string): Promise<string> {
  return (await exec(process.execPath, [join(REPOSITORY, 'dist', 'cli', 'main.js'), command, '--help'])).stdout;
}

describe('docs/gpu-workers.md', () => {
  it('its table of options → those of setup-models', async () => {
    const said = await help('setup-models');
    const options = [...text.matchAll(/^\| `(--[a-z-]+)/gmu)].map(([, option]) => option ?? '');
    expect(options).toEqual(['--python', '--torch', '--index-url', '--extra']);
    for (const option of options) expect(said).toContain(option);
  });

  it('its numbers → those of the code', () => {
    expect(text).toContain(`exact version of torch, ${DEFAULT_TORCH} if left out`);
    expect(text).toContain(`| ${EXIT_DEVICE_LOST}        | –`);
  });

  it('its unit → accepted by systemd, where it is here', async ({ skip }) => {
    const analyze = await exec('systemd-analyze', ['--version']).catch(() => undefined);
    skip(analyze === undefined, 'no systemd-analyze here');
    const folder = mkdtempSync(join(tmpdir(), 'virnucpro-unit-'));
    const file = join(folder, 'virnucpro-gpu.service');
    writeFileSync(file, unit);
    writeFileSync(join(folder, 'virnucpro'), '');
    chmodSync(join(folder, 'virnucpro'), 0o755);
    const PATH = [folder, process.env['PATH']].join(delimiter);
    const verified = await exec('systemd-analyze', ['verify', '--man=no', file], {
      env: { ...process.env, PATH },
    }).catch((error: unknown) => error as { stdout: string; stderr: string });
    rmSync(folder, { recursive: true });
    const about = `${verified.stdout}${verified.stderr}`.split('\n').filter((line) => line.includes('virnucpro-gpu'));
    expect(about).toEqual([]);
  });
});
