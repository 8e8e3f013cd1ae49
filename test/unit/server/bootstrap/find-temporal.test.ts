import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  configuredServer,
  findTemporal,
  TEMPORAL_CLI_VERSION,
} from '../../../../src/server/bootstrap/find-temporal.mjs';

const VERSION = 'temporal version 9.9.9 (Server 9.9, UI 9.9)';
const FAKE_CLI = `#!/bin/sh\necho '${VERSION}'\n`;
const CACHED = `temporal-${TEMPORAL_CLI_VERSION}-${process.platform}-${process.arch}`;
/** refuses at once: nobody listens on port 1 */
const NO_DOWNLOAD = 'http://127.0.0.1:1';

describe('configuredServer', () => {
  it('an address, a profile or a configuration file → names it; none of them → undefined', () => {
    expect(configuredServer({ TEMPORAL_ADDRESS: 'far:7233' })).toBe('TEMPORAL_ADDRESS=far:7233');
    expect(configuredServer({ TEMPORAL_PROFILE: 'prod' })).toBe('TEMPORAL_PROFILE=prod');
    expect(configuredServer({ TEMPORAL_CONFIG_FILE: 'a.toml' })).toBe('TEMPORAL_CONFIG_FILE=a.toml');
    expect(configuredServer({ TEMPORAL_NAMESPACE: 'mine', TEMPORAL_ADDRESS: '' })).toBeUndefined();
  });
});

describe('findTemporal', () => {
  let folder = '';
  let bin = '';
  let env: NodeJS.ProcessEnv = {};
  let lines: string[] = [];
  const find = (downloadBase = NO_DOWNLOAD) => findTemporal({ env, log: (line) => lines.push(line), downloadBase });
  const cachedPath = () => join(folder, 'cache', 'virnucpro', CACHED);

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'virnucpro-find-'));
    bin = join(folder, 'bin');
    mkdirSync(bin);
    env = { PATH: bin, XDG_CACHE_HOME: join(folder, 'cache') };
    lines = [];
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it('VIRNUCPRO_TEMPORAL_CLI → that one, whatever is on PATH', async () => {
    executable(join(bin, 'temporal'), FAKE_CLI);
    const own = executable(join(folder, 'my-temporal'), FAKE_CLI);
    env['VIRNUCPRO_TEMPORAL_CLI'] = own;
    expect(await find()).toEqual({ path: own, origin: 'VIRNUCPRO_TEMPORAL_CLI', version: VERSION });
  });

  it('VIRNUCPRO_TEMPORAL_CLI that is something else → an error, not another server', async () => {
    executable(join(bin, 'temporal'), FAKE_CLI);
    env['VIRNUCPRO_TEMPORAL_CLI'] = executable(join(folder, 'other'), '#!/bin/sh\necho tctl 1.18\n');
    await expect(find()).rejects.toThrow('other is not the Temporal CLI: `--version` gave 0, "tctl 1.18"');
  });

  it('VIRNUCPRO_TEMPORAL_CLI that does not exist → an error that names it', async () => {
    env['VIRNUCPRO_TEMPORAL_CLI'] = join(folder, 'nothing');
    await expect(find()).rejects.toThrow(/nothing cannot be run: .*ENOENT/u);
  });

  it('on PATH → that one, the cache stays empty', async () => {
    const path = executable(join(bin, 'temporal'), FAKE_CLI);
    expect(await find()).toEqual({ path, origin: 'PATH', version: VERSION });
    expect(existsSync(join(folder, 'cache'))).toBe(false);
  });

  it('broken on PATH, whole in the cache → the cached one, and says why', async () => {
    executable(join(bin, 'temporal'), '#!/bin/sh\nexit 126\n');
    mkdirSync(join(folder, 'cache', 'virnucpro'), { recursive: true });
    executable(cachedPath(), FAKE_CLI);
    expect(await find()).toEqual({ path: cachedPath(), origin: 'cache', version: VERSION });
    expect(lines.join('\n')).toContain(`passing over ${join(bin, 'temporal')}`);
  });

  it('a download service that answers → downloaded once, then cached', async () => {
    env['PATH'] = `${bin}:/usr/bin:/bin`;
    const service = await downloadService(folder);
    try {
      expect(await find(service.base)).toEqual({ path: cachedPath(), origin: 'download', version: VERSION });
      expect((await find(service.base)).origin).toBe('cache');
      expect(service.asked).toEqual([expect.stringMatching(/^\/cli\/v1\.5\.1\?arch=\w+&platform=\w+$/u), '/archive']);
      expect(readdirSync(join(folder, 'cache', 'virnucpro'))).toEqual([CACHED]);
    } finally {
      service.server.close();
    }
  });

  it('no download, but Go → built, with GOBIN inside the cache, then cached', async () => {
    executable(
      join(bin, 'go'),
      [
        '#!/bin/sh',
        'if [ "$1" = version ]; then echo "go version go9.9"; exit 0; fi',
        `echo "$@" > ${join(folder, 'go-arguments')}`,
        `/bin/cp ${executable(join(folder, 'fake'), FAKE_CLI)} "$GOBIN/temporal"`,
      ].join('\n'),
    );
    expect(await find()).toEqual({ path: cachedPath(), origin: 'go', version: VERSION });
    expect(readFileSync(join(folder, 'go-arguments'), 'utf8').trim()).toBe(
      `install github.com/temporalio/cli/cmd/temporal@${TEMPORAL_CLI_VERSION}`,
    );
    expect(lines.join('\n')).toContain('cannot download it');
    expect(readdirSync(join(folder, 'cache', 'virnucpro'))).toEqual([CACHED]);
  });

  it('VIRNUCPRO_OFFLINE → the service is not asked', async () => {
    env['VIRNUCPRO_OFFLINE'] = '1';
    await expect(find()).rejects.toThrow('download: VIRNUCPRO_OFFLINE is set');
    expect(lines.join('\n')).not.toContain('downloading');
  });

  it('nothing works → what was tried and three ways out', async () => {
    executable(join(bin, 'go'), '#!/bin/sh\n[ "$1" = version ] && exit 0\necho "no module proxy"\nexit 1\n');
    const failure = await find().catch((error: Error) => error.message);
    expect(failure).toMatch(/go install: go install .* failed: no module proxy/u);
    expect(failure).toMatch(/download: fetch failed/u);
    expect(failure).toMatch(/1\. have a server: set TEMPORAL_ADDRESS/u);
    expect(failure).toMatch(/2\. have the Temporal CLI/u);
    expect(failure).toMatch(/3\. have it made here/u);
    expect(readdirSync(join(folder, 'cache', 'virnucpro'))).toEqual([]);
  });

  it('no Go either → says so', async () => {
    await expect(find()).rejects.toThrow('go install: no `go` on PATH');
  });
});

function executable(path: string, content: string): string {
  writeFileSync(path, content);
  chmodSync(path, 0o755);
  return path;
}

/** Answers like temporal.download: first where the archive is, then the archive. */
async function downloadService(folder: string): Promise<{ server: Server; base: string; asked: string[] }> {
  const source = mkdtempSync(join(folder, 'archive-'));
  executable(join(source, 'temporal'), FAKE_CLI);
  execFileSync('tar', ['-czf', join(folder, 'archive.tar.gz'), '-C', source, 'temporal']);
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(request.url ?? '');
    if (request.url === '/archive') response.end(readFileSync(join(folder, 'archive.tar.gz')));
    else response.end(JSON.stringify({ archiveUrl: `${base()}/archive`, fileToExtract: 'temporal' }));
  });
  const base = () => `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { server, base: base(), asked };
}
