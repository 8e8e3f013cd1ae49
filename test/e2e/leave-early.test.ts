import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { EmbedResult } from '../../src/cli/embed/embed-result.ts';
import { shortRunId } from '../../src/contract/names.ts';
import { findTemporal } from '../../src/server/bootstrap/find-temporal.mjs';
import { processesOf, serversOf } from '../support/processes.ts';
import { makeInputs } from '../support/run-folder.ts';
import { workplace, type Workplace } from '../support/workplace.ts';

const RUN_ID = '01234567-89ab-4def-8123-456789abcdef';

/** A Temporal CLI for this test alone: what it does as a server is up to the test. */
function temporalCli(at: Workplace, server: string): { VIRNUCPRO_TEMPORAL_CLI: string } {
  const file = at.path('temporal');
  writeFileSync(file, `#!/bin/sh\nif [ "$1" = --version ]; then echo temporal version 1; exit; fi\n${server}\n`);
  chmodSync(file, 0o755);
  return { VIRNUCPRO_TEMPORAL_CLI: file };
}

/** In a script: waits for {@link tell}. */
function untilTold(at: Workplace): string {
  return `while [ ! -e '${at.path('go')}' ]; do sleep 0.05; done;`;
}

function tell(at: Workplace): void {
  writeFileSync(at.path('go'), '');
}

function embed(at: Workplace): string[] {
  return ['embed', makeInputs(at.folder, 1, 2), '--out', at.path('run'), '--embedder', 'kmer', '--json'];
}

async function realTemporal(): Promise<string> {
  return (await findTemporal({ log: () => {} })).path;
}

describe('Ctrl-C while the Temporal server is being started', () => {
  it('once → said, and 130 as soon as the server is up: it is stopped, and no run was started', async () => {
    const at = workplace();
    const server = `${untilTold(at)} exec ${await realTemporal()} "$@"`;
    const command = at.start(embed(at), { env: temporalCli(at, server) });
    await command.until(() => serversOf(at.stateHome).length > 0, 'there is a server');
    command.signal('SIGINT');
    await command.said('Ctrl-C again quits at once');
    tell(at);
    const { code, stdout, stderr } = await command.ended;
    expect(code).toBe(130);
    expect(JSON.parse(stdout) as EmbedResult).toMatchObject({ outcome: 'cancelled', exitCode: 130 });
    expect(stderr).not.toContain('Started virnucpro');
    expect(processesOf(at.stateHome)).toEqual([]);
  });

  it('once, and the server does not come up → 130', async () => {
    const at = workplace();
    const command = at.start(embed(at), { env: temporalCli(at, `${untilTold(at)} exit 1`) });
    await command.until(() => serversOf(at.stateHome).length > 0, 'there is a server');
    command.signal('SIGINT');
    await command.said('Ctrl-C again quits at once');
    tell(at);
    expect((await command.ended).code).toBe(130);
  });

  it('twice → 130 at once, and the server is gone', async () => {
    const at = workplace();
    const command = at.start(embed(at), { env: temporalCli(at, 'while :; do sleep 0.1; done') });
    await command.until(() => serversOf(at.stateHome).length > 0, 'there is a server');
    command.signal('SIGINT');
    await command.said('Ctrl-C again quits at once');
    command.signal('SIGINT');
    expect((await command.ended).code).toBe(130);
    await expect.poll(() => serversOf(at.stateHome), { timeout: 30_000 }).toEqual([]);
  });
});

describe('a worker that cannot be started', () => {
  it('its log cannot be written → 1 with the reason, and the server is stopped', async () => {
    const at = workplace();
    mkdirSync(at.path('run'));
    const manifest = { schema: 1, runId: RUN_ID, createdAt: '2026-01-01T00:00:00.000Z', embedders: {}, inputs: {} };
    writeFileSync(at.path('run', 'run.json'), JSON.stringify(manifest));
    mkdirSync(join(at.stateHome, 'virnucpro', shortRunId(RUN_ID), 'worker.log'), { recursive: true });
    const { code, stdout } = await at.run(embed(at), { env: { VIRNUCPRO_TEMPORAL_CLI: await realTemporal() } });
    expect(code).toBe(1);
    expect((JSON.parse(stdout) as EmbedResult).error?.message).toContain('worker.log');
    expect(serversOf(at.stateHome)).toEqual([]);
  });
});
