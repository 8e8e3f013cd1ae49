// Models on a machine without a Python for them, as a user meets it.
import { existsSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { workplace } from '../support/workplace.ts';

const NO_PYTHON = { VIRNUCPRO_SIDECAR_PYTHON: '', XDG_DATA_HOME: '/nowhere' };
const MESSAGE = /^virnucpro: embedder esm2-8m: no Python for the models: .*virnucpro setup-models/mu;

describe('no Python for the models', () => {
  it('embed → exit code 1 at once, naming virnucpro setup-models; nothing is made', async () => {
    const at = workplace(NO_PYTHON);
    writeFileSync(at.path('a.faa'), '>a\nMKVLAAGIVGLCAKPWERTYHQNDFS\n');
    const { code, stderr } = await at.run(['embed', 'a.faa', '--embedder', 'esm2-8m', '--out', 'p']);
    expect([code, stderr]).toEqual([1, expect.stringMatching(MESSAGE)]);
    expect(existsSync(at.path('p'))).toBe(false);
  });

  it('embed --dry-run → says what would be done', async () => {
    const at = workplace(NO_PYTHON);
    writeFileSync(at.path('a.faa'), '>a\nMKVLAAGIVGLCAKPWERTYHQNDFS\n');
    const args = ['embed', 'a.faa', '--embedder', 'esm2-8m', '--random-init', '--out', 'p', '--dry-run'];
    expect(await at.run(args)).toMatchObject({ code: 0, stdout: expect.stringContaining('a_ESM2_8M.pt  1 rows') });
  });

  it('worker that is to serve a model → exit code 1; it takes no task', async () => {
    const { code, stderr } = await workplace(NO_PYTHON).run(['worker', '--role', 'gpu', '--embedder', 'esm2-8m']);
    expect([code, stderr]).toEqual([1, expect.stringMatching(MESSAGE)]);
  });
});
