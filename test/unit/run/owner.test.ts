import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { FailureType } from '../../../src/contract/failure-types.ts';
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

describe('renewClaim and releaseClaim', () => {
  it('the owner or one of its partitions renews → the time moves on', async () => {
    const old = new Date(Date.now() - 60_000).toISOString();
    for (const workflowId of ['other', 'other-0123-0']) {
      const folder = await claimed({ renewedAt: old });
      await renewClaim(folder, workflowId);
      expect((await readOwner(folder))!.renewedAt > old).toBe(true);
    }
  });

  it('somebody else renews or releases → left alone', async () => {
    const old = new Date(Date.now() - 60_000).toISOString();
    const folder = await claimed({ renewedAt: old });
    await renewClaim(folder, 'mine');
    await releaseClaim(folder, 'mine');
    expect((await readOwner(folder))?.renewedAt).toBe(old);
  });

  it('the owner releases → gone', async () => {
    const folder = await claimed();
    await releaseClaim(folder, 'other');
    expect(await readOwner(folder)).toBeUndefined();
  });
});
