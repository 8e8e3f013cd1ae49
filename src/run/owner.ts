import * as fs from 'node:fs/promises';
import * as os from 'node:os';
import * as path from 'node:path';
import * as z from 'zod';
import { placeFile } from '../checkpoint/publish/place.ts';
import { FailureType } from '../contract/failure-types.ts';
import { VirnucproError } from '../contract/virnucpro-error.ts';
import { ignoreMissing } from '../platform/missing.ts';
import { nodeFileSystem } from '../platform/node-file-system.ts';
import { isProcessAlive, processStartTime } from '../platform/process-identity.mjs';
import { tempPath } from '../platform/temp-files.ts';
import { createFile } from './atomic-file.ts';
import { internal } from './run-folder.ts';

const ownerSchema = z.object({
  schema: z.literal(1),
  workflowId: z.string(),
  workflowRunId: z.string(),
  /** host:port, as the worker that made the claim reaches it. */
  server: z.string(),
  namespace: z.string(),
  /** Given once by the server: tells apart servers of one address, and knows one server under two addresses. */
  namespaceId: z.string().optional(),
  host: z.string(),
  /** Of a local server that the command started; absent for servers that live elsewhere. */
  serverPid: z.number().optional(),
  /** Tells that process from a later one with the same id. */
  serverStartTime: z.string().optional(),
  renewedAt: z.string(),
  /** Nothing renews it for long whiles: as long as its server says that the workflow is open, it does not expire. */
  heldWhileOpen: z.boolean().optional(),
});

/** DIR/.virnucpro/owner.json: the workflow execution that may write here. */
export type Owner = z.output<typeof ownerSchema>;

/** Who claims: everything but the times. */
export type Claimant = Omit<Owner, 'schema' | 'renewedAt' | 'host'>;

/** A claim that was not renewed for this long is taken over: its workers have missed several renewals. */
export const OWNER_EXPIRY_MS = 120_000;
/** How often a worker that works for a run renews its claim. */
export const OWNER_RENEWAL_MS = 30_000;

/** Tells whether the execution of another claim is still open; undefined: it cannot be told. */
export type OpenProbe = (owner: Owner) => Promise<boolean | undefined>;

function ownerPath(directory: string): string {
  return path.join(directory, internal.owner);
}

export async function readOwner(directory: string): Promise<Owner | undefined> {
  return readClaim(ownerPath(directory));
}

async function readClaim(file: string): Promise<Owner | undefined> {
  try {
    return parseClaim(await fs.readFile(file, 'utf8'));
  } catch (error) {
    ignoreMissing(error);
    return undefined;
  }
}

function parseClaim(text: string): Owner | undefined {
  try {
    return ownerSchema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}

/**
 * Claims a run folder for one workflow execution. The claim of an execution that has ended, of a local server that is
 * gone, or one not renewed for two minutes is taken over; the claim of a prediction is held longer while its server says
 * that it is open.
 *
 * @param now in milliseconds since 1970; for the tests
 * @throws VirnucproError `RunError.InvalidInput` naming the owner
 */
export async function claimDirectory(
  directory: string,
  claimant: Claimant,
  isOpen: OpenProbe,
  now: () => number = Date.now,
): Promise<void> {
  await nodeFileSystem.makeFolder(path.dirname(ownerPath(directory)));
  for (let round = 0; round < 5; round++) {
    if (await createFile(ownerPath(directory), format(claimant, now()))) return;
    const owner = await readOwner(directory);
    if (owner !== undefined && isEarlierSelf(claimant, owner)) {
      if (owner.workflowRunId === claimant.workflowRunId) return;
    } else if (owner !== undefined && (await holds(owner, isOpen, now()))) throw heldBy(owner, directory);
    await setAside(directory, owner);
  }
  throw new VirnucproError(FailureType.RunStaleAttempt, `several runs want ${directory} at once: trying again`);
}

/** The execution itself, or an earlier one: ids of workflows are unique among the open executions of one server. */
function isEarlierSelf(claimant: Claimant, owner: Owner): boolean {
  if (owner.workflowRunId === claimant.workflowRunId) return true;
  return owner.workflowId === claimant.workflowId && isSameServer(claimant, owner);
}

/** What the id of a partition adds to that of its run. */
const PARTITION_SUFFIX = /^-(?:[0-9a-f]{8}|[0-9a-f]{12})-\d+$/u;

/**
 * Whether the claim is that of the run that this workflow is, or is a partition of. The id alone does not tell: a folder
 * that two servers work on gives both runs the same one.
 */
export function isOwner(claimant: Claimant, owner: Owner): boolean {
  if (isEarlierSelf(claimant, owner)) return true;
  if (!claimant.workflowId.startsWith(owner.workflowId) || !isSameServer(claimant, owner)) return false;
  return PARTITION_SUFFIX.test(claimant.workflowId.slice(owner.workflowId.length));
}

/** By what the server calls its namespace, where both sides know it; otherwise by its address. */
export function isSameServer(claimant: Claimant, owner: Owner): boolean {
  if (claimant.namespaceId !== undefined && owner.namespaceId !== undefined) {
    return claimant.namespaceId === owner.namespaceId;
  }
  return claimant.server === owner.server && claimant.namespace === owner.namespace;
}

async function holds(owner: Owner, isOpen: OpenProbe, now: number): Promise<boolean> {
  if (now - Date.parse(owner.renewedAt) > OWNER_EXPIRY_MS) {
    return owner.heldWhileOpen === true && (await isOpen(owner)) === true;
  }
  return (await isOpen(owner)) ?? !isServerGone(owner);
}

function isServerGone({ host, serverPid: pid, serverStartTime: startTime }: Owner): boolean {
  if (pid === undefined || host !== os.hostname()) return false;
  return startTime === undefined ? processStartTime(pid) === undefined : !isProcessAlive({ pid, startTime, host });
}

/** Who has the folder, for whoever wants it. */
export function heldBy(owner: Owner, directory: string): VirnucproError {
  return new VirnucproError(
    FailureType.RunInvalidInput,
    `${directory} belongs to workflow ${owner.workflowId} (run ${owner.workflowRunId}) on ${owner.server}, namespace ${owner.namespace}, ` +
      `last heard of at ${owner.renewedAt} from ${owner.host}: wait for it or cancel it, then start again`,
  );
}

/**
 * Removes a claim that was judged. Of several who do, one rename finds the file. What it has found is looked at once more:
 * a claim that was renewed or made meanwhile is put back, unless the place is taken by then.
 */
async function setAside(directory: string, judged: Owner | undefined): Promise<void> {
  const aside = tempPath(ownerPath(directory));
  await fs.rename(ownerPath(directory), aside).catch(ignoreMissing);
  const found = await readClaim(aside);
  if (found !== undefined && JSON.stringify(found) !== JSON.stringify(judged)) {
    await placeFile(nodeFileSystem, aside, ownerPath(directory));
  }
  await fs.rm(aside, { force: true });
}

/**
 * Renews the claim if it is still that of this run. Only the time in the file is overwritten, in the file that was read: a
 * claim that takes its place at the same moment is another file, which a late renewal cannot reach.
 *
 * @returns the owner if it is another run by now
 */
export async function renewClaim(
  directory: string,
  claimant: Claimant,
  now: number = Date.now(),
): Promise<Owner | undefined> {
  let file: fs.FileHandle;
  try {
    file = await fs.open(ownerPath(directory), 'r+');
  } catch (error) {
    ignoreMissing(error);
    return undefined;
  }
  try {
    const content = await file.readFile();
    const owner = parseClaim(content.toString('utf8'));
    if (owner === undefined) return undefined;
    if (!isOwner(claimant, owner)) return owner;
    const time = Buffer.from(new Date(now).toISOString());
    const old = Buffer.from(owner.renewedAt);
    if (old.length === time.length) await file.write(time, 0, time.length, content.lastIndexOf(old));
    return undefined;
  } finally {
    await file.close();
  }
}

/** Gives the folder up at the end of a run. */
export async function releaseClaim(directory: string, claimant: Claimant): Promise<void> {
  const owner = await readOwner(directory);
  if (owner !== undefined && isOwner(claimant, owner)) await fs.rm(ownerPath(directory), { force: true });
}

function format(claimant: Claimant, now: number): string {
  const owner: Owner = { schema: 1, ...claimant, host: os.hostname(), renewedAt: new Date(now).toISOString() };
  return JSON.stringify(owner);
}
