import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { open as openFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { FailureType } from '../../../src/contract/failure-types.ts';
import { processStartTime } from '../../../src/platform/process-identity.mjs';
import {
  claimDirectory,
  OWNER_EXPIRY_MS,
  readOwner,
  releaseClaim,
  renewClaim,
  type Claimant,
  type Owner,
} from '../../../src/run/owner.ts';
import { internal } from '../../../src/run/run-folder.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

const MINE: Claimant = { workflowId: 'mine', workflowRunId: 'run-1', server: '127.0.0.1:7233', namespace: 'default' };
const OTHER: Claimant = { ...MINE, workflowId: 'other', workflowRunId: 'run-9' };
/** No process has this id: Linux gives at most 2^22. */
const NO_PROCESS = 2 ** 22 + 1;

const open = async () => true;
const closed = async () => false;
const unknown = async () => undefined;

/** A folder that `owner` has claimed. */
async function claimed(owner: Partial<Owner> = {}): Promise<string> {
  const folder = await temporaryFolder();
  await claimDirectory(folder, OTHER, open);
  const file = join(folder, internal.owner);
  const now = JSON.parse(readFileSync(file, 'utf8')) as Owner;
  writeFileSync(file, JSON.stringify({ ...now, ...owner }));
  return folder;
}

describe('claimDirectory', () => {
  it('nobody has it → claimed, with host and time', async () => {
    const folder = await temporaryFolder();
    await claimDirectory(folder, MINE, open);
    const owner = await readOwner(folder);
    expect(owner).toMatchObject({ schema: 1, ...MINE, host: hostname() });
    expect(Date.now() - Date.parse(owner!.renewedAt)).toBeLessThan(60_000);
  });

  it('claimed again by the same execution → stays', async () => {
    const folder = await temporaryFolder();
    await claimDirectory(folder, MINE, open);
    const before = readFileSync(join(folder, internal.owner), 'utf8');
    await claimDirectory(folder, MINE, open);
    expect(readFileSync(join(folder, internal.owner), 'utf8')).toBe(before);
  });

  it('a fresh claim of another that is open → RunError.InvalidInput naming it', async () => {
    const folder = await claimed();
    const claiming = claimDirectory(folder, MINE, open);
    await expect(claiming).rejects.toMatchObject({
      type: FailureType.RunInvalidInput,
      message: expect.stringContaining('belongs to workflow other (run run-9) on 127.0.0.1:7233, namespace default'),
    });
    expect(await readOwner(folder)).toMatchObject(OTHER);
  });

  it('nothing is known of the other → it holds', async () => {
    await expect(claimDirectory(await claimed(), MINE, unknown)).rejects.toThrow('belongs to workflow other');
  });

  it('the other execution is closed → taken over', async () => {
    const folder = await claimed();
    await claimDirectory(folder, MINE, closed);
    expect(await readOwner(folder)).toMatchObject(MINE);
  });

  it('not renewed for two minutes → taken over', async () => {
    const folder = await claimed({ renewedAt: new Date(Date.now() - OWNER_EXPIRY_MS - 1000).toISOString() });
    await claimDirectory(folder, MINE, open);
    expect(await readOwner(folder)).toMatchObject(MINE);
  });

  it('not renewed for two minutes, but held as long as it is open → taken over only when it is known to be closed, or nothing is', async () => {
    const renewedAt = new Date(Date.now() - OWNER_EXPIRY_MS - 1000).toISOString();
    const held = { renewedAt, heldWhileOpen: true };
    await expect(claimDirectory(await claimed(held), MINE, open)).rejects.toThrow('belongs to workflow other');
    for (const probe of [closed, unknown]) {
      const folder = await claimed(held);
      await claimDirectory(folder, MINE, probe);
      expect(await readOwner(folder)).toMatchObject(MINE);
    }
  });

  it('its local server is gone from this host → taken over; from another host → it holds', async () => {
    const here = await claimed({ serverPid: NO_PROCESS, server: '127.0.0.1:1' });
    await claimDirectory(here, MINE, unknown);
    expect(await readOwner(here)).toMatchObject(MINE);
    const elsewhere = await claimed({ serverPid: NO_PROCESS, server: '127.0.0.1:1', host: 'elsewhere' });
    await expect(claimDirectory(elsewhere, MINE, unknown)).rejects.toThrow('from elsewhere');
  });

  it('an earlier execution of the same id on the same server → taken over without asking', async () => {
    const folder = await claimed({ workflowId: 'mine' });
    await claimDirectory(folder, MINE, () => Promise.reject(new Error('must not be asked')));
    expect(await readOwner(folder)).toMatchObject(MINE);
  });

  it('the same id on another server → not ours', async () => {
    const folder = await claimed({ workflowId: 'mine', server: 'elsewhere:7233' });
    await expect(claimDirectory(folder, MINE, open)).rejects.toThrow('elsewhere:7233');
  });

  it('an owner file that is garbage → taken over', async () => {
    const folder = await claimed();
    writeFileSync(join(folder, internal.owner), '{"schema": 1, "workf');
    await claimDirectory(folder, MINE, open);
    expect(await readOwner(folder)).toMatchObject(MINE);
  });

  it('ten at once → one has it, the others are told', async () => {
    const folder = await temporaryFolder();
    const claimants = Array.from({ length: 10 }, (_, at) => ({
      ...MINE,
      workflowId: `w${at}`,
      workflowRunId: `r${at}`,
    }));
    const claims = await Promise.allSettled(claimants.map((claimant) => claimDirectory(folder, claimant, open)));
    expect(claims.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    expect(readdirSync(join(folder, '.virnucpro'))).toEqual(['owner.json']);
  });
});

describe('two servers on one folder', () => {
  const here: Claimant = { ...MINE, workflowRunId: 'run-2', namespaceId: 'ns-here' };
  const there: Partial<Owner> = { ...MINE, server: MINE.server, namespaceId: 'ns-there' };

  it('the same workflow id at the same address, but another server → not ours: refused, not renewed, not released', async () => {
    const folder = await claimed(there);
    await expect(claimDirectory(folder, here, open)).rejects.toThrow('belongs to workflow mine (run run-1)');
    const before = await readOwner(folder);
    expect(await renewClaim(folder, here)).toEqual(before);
    await releaseClaim(folder, here);
    expect(await readOwner(folder)).toEqual(before);
  });

  it('one server under two addresses → ours', async () => {
    const folder = await claimed({ ...there, server: 'other-name:7233' });
    const samePlace = { ...here, namespaceId: 'ns-there' };
    expect(await renewClaim(folder, { ...samePlace, workflowId: 'mine-0123abcd-500' })).toBeUndefined();
    await claimDirectory(folder, samePlace, () => Promise.reject(new Error('must not be asked')));
    expect(await readOwner(folder)).toMatchObject(samePlace);
  });

  it('its server was started again on its address → asked, and holds although its process is another', async () => {
    const folder = await claimed({ serverPid: NO_PROCESS });
    await expect(claimDirectory(folder, here, open)).rejects.toThrow('belongs to workflow other');
  });

  it('another process has the id of the dead server now → taken over; the server itself → it holds', async () => {
    const startTime = processStartTime(process.pid)!;
    const dead = await claimed({ serverPid: process.pid, serverStartTime: 'another boot/1' });
    await claimDirectory(dead, here, unknown);
    expect(await readOwner(dead)).toMatchObject(here);
    const alive = await claimed({ serverPid: process.pid, serverStartTime: startTime });
    await expect(claimDirectory(alive, here, unknown)).rejects.toThrow('belongs to workflow other');
  });

  it('two minutes later → taken over, also without an answer; the owner of before is told who has it', async () => {
    const folder = await claimed(there);
    const later = () => Date.now() + OWNER_EXPIRY_MS + 1000;
    await claimDirectory(folder, here, unknown, later);
    expect(await renewClaim(folder, { ...MINE, namespaceId: 'ns-there' })).toMatchObject(here);
  });
});

describe('renewClaim and releaseClaim', () => {
  const partition = { ...OTHER, workflowId: 'other-0123456789ab-0', workflowRunId: 'run-10' };

  it('the owner or one of its partitions renews → the time moves on, nothing else changes', async () => {
    const old = new Date(Date.now() - 60_000).toISOString();
    const earlier = { ...partition, workflowId: 'other-0123abcd-0' };
    for (const claimant of [OTHER, partition, earlier]) {
      const folder = await claimed({ renewedAt: old });
      const before = await readOwner(folder);
      const now = Date.now();
      expect(await renewClaim(folder, claimant, now)).toBeUndefined();
      expect(await readOwner(folder)).toEqual({ ...before, renewedAt: new Date(now).toISOString() });
      expect(readdirSync(join(folder, '.virnucpro'))).toEqual(['owner.json']);
    }
  });

  it.each([MINE, { ...OTHER, workflowId: 'other-2', workflowRunId: 'r' }])(
    'somebody else, %j, renews or releases → told who has it, nothing changed',
    async (claimant) => {
      const old = new Date(Date.now() - 60_000).toISOString();
      const folder = await claimed({ renewedAt: old });
      expect(await renewClaim(folder, claimant)).toMatchObject(OTHER);
      await releaseClaim(folder, claimant);
      expect((await readOwner(folder))?.renewedAt).toBe(old);
    },
  );

  it('nobody has it → nothing to renew', async () => {
    expect(await renewClaim(await temporaryFolder(), MINE)).toBeUndefined();
  });

  it('renewed by its owner while another takes it for stale → it stays with its owner', async () => {
    const old = new Date(Date.now() - OWNER_EXPIRY_MS / 2).toISOString();
    const folder = await claimed({ renewedAt: old });
    const renewedMeanwhile = async () => {
      await renewClaim(folder, OTHER);
      return false;
    };
    // The probe of the next round says open: the first judgement was of a claim that is no more.
    let asked = 0;
    const claiming = claimDirectory(folder, MINE, () => (asked++ === 0 ? renewedMeanwhile() : open()));
    await expect(claiming).rejects.toThrow('belongs to workflow other');
    expect(await readOwner(folder)).toMatchObject(OTHER);
  });

  it('a renewal that has read the file before another takes over → does not reach the new claim', async () => {
    const folder = await claimed();
    const late = await openFile(join(folder, internal.owner), 'r+');
    await claimDirectory(folder, MINE, closed);
    const claim = readFileSync(join(folder, internal.owner), 'utf8');
    await late.write('X'.repeat(20), 0);
    await late.close();
    expect(readFileSync(join(folder, internal.owner), 'utf8')).toBe(claim);
  });

  it('renewed a hundred times while others read and try to take it over → always whole, always its owner’s', async () => {
    const folder = await claimed();
    const renewing = (async () => {
      for (let at = 0; at < 100; at++) await renewClaim(folder, OTHER, Date.now() + at);
    })();
    const reading = Array.from({ length: 100 }, () => readOwner(folder));
    const taking = Array.from({ length: 5 }, () => claimDirectory(folder, MINE, open));
    for (const owner of await Promise.all(reading)) expect(owner).toMatchObject(OTHER);
    for (const { status } of await Promise.allSettled(taking)) expect(status).toBe('rejected');
    await renewing;
    expect(await readOwner(folder)).toMatchObject(OTHER);
  });

  it('the owner releases → gone', async () => {
    const folder = await claimed();
    await releaseClaim(folder, OTHER);
    expect(await readOwner(folder)).toBeUndefined();
  });
});
