import { randomUUID } from 'node:crypto';
import * as fs from 'node:fs/promises';
import * as os from 'node:os';
import * as path from 'node:path';
import * as z from 'zod';
import { FailureType } from '../contract/failure-types.ts';
import { VirnucproError } from '../contract/virnucpro-error.ts';
import { nodeFileSystem } from '../platform/node-file-system.ts';
import { createFile } from './atomic-file.ts';
import { internal } from './run-folder.ts';

const ownerSchema = z.object({
  schema: z.literal(1),
  workflowId: z.string(),
  workflowRunId: z.string(),
  server: z.string(),
  namespace: z.string(),
  host: z.string(),
  /** Of a local server that the command started; absent for servers that live elsewhere. */
  serverPid: z.number().optional(),
  renewedAt: z.string(),
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
  try {
    const parsed = ownerSchema.safeParse(JSON.parse(await fs.readFile(ownerPath(directory), 'utf8')));
    return parsed.success ? parsed.data : undefined;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT' || error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/**
 * Claims a run folder for one workflow execution. The claim of an execution that has ended, of a local server that is
 * gone, or one not renewed for two minutes is taken over.
 *
 * @throws VirnucproError `RunError.InvalidInput` naming the owner
 */
export async function claimDirectory(directory: string, claimant: Claimant, isOpen: OpenProbe): Promise<void> {
  await nodeFileSystem.makeFolder(path.dirname(ownerPath(directory)));
  for (let round = 0; round < 5; round++) {
    if (await createFile(ownerPath(directory), format(claimant))) return;
    const owner = await readOwner(directory);
    if (owner !== undefined && !isOurs(owner, claimant) && (await holds(owner, isOpen))) throw heldBy(owner, directory);
    if (owner !== undefined && isOurs(owner, claimant) && owner.workflowRunId === claimant.workflowRunId) return;
    await setAside(directory);
  }
  throw new VirnucproError(FailureType.RunStaleAttempt, `several runs want ${directory} at once: trying again`);
}

/** Workflow ids are unique among the open executions of a server, so an equal id there means our own predecessor. */
function isOurs(owner: Owner, claimant: Claimant): boolean {
  if (owner.workflowRunId === claimant.workflowRunId) return true;
  const sameServer = owner.server === claimant.server && owner.namespace === claimant.namespace;
  return sameServer && owner.workflowId === claimant.workflowId;
}

async function holds(owner: Owner, isOpen: OpenProbe): Promise<boolean> {
  if (Date.now() - Date.parse(owner.renewedAt) > OWNER_EXPIRY_MS) return false;
  if (owner.serverPid !== undefined && owner.host === os.hostname() && !isAlive(owner.serverPid)) return false;
  return (await isOpen(owner)) ?? true;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

function heldBy(owner: Owner, directory: string): VirnucproError {
  return new VirnucproError(
    FailureType.RunInvalidInput,
    `${directory} belongs to workflow ${owner.workflowId} (run ${owner.workflowRunId}) on ${owner.server}, namespace ${owner.namespace}, ` +
      `last heard of at ${owner.renewedAt} from ${owner.host}: wait for it or cancel it, then start again`,
  );
}

/** Of several who take over, one rename finds the file; the others find the new claim in the next round. */
async function setAside(directory: string): Promise<void> {
  const aside = `${ownerPath(directory)}.${randomUUID()}.old`;
  await fs.rename(ownerPath(directory), aside).catch(ignoreMissing);
  await fs.rm(aside, { force: true });
}

function ignoreMissing(error: NodeJS.ErrnoException): void {
  if (error.code !== 'ENOENT') throw error;
}

/** Renews the claim by its modification inside the file; a claim that is no longer ours is left alone. */
export async function renewClaim(directory: string, workflowId: string): Promise<void> {
  const owner = await readOwner(directory);
  if (owner === undefined || !(workflowId === owner.workflowId || workflowId.startsWith(`${owner.workflowId}-`)))
    return;
  const temp = `${ownerPath(directory)}.${randomUUID()}.tmp`;
  await fs.writeFile(temp, JSON.stringify({ ...owner, renewedAt: new Date().toISOString() }));
  await fs.rename(temp, ownerPath(directory));
}

/** Gives the folder up at the end of a run. */
export async function releaseClaim(directory: string, workflowId: string): Promise<void> {
  const owner = await readOwner(directory);
  if (owner?.workflowId === workflowId) await fs.rm(ownerPath(directory), { force: true });
}

function format(claimant: Claimant): string {
  const owner: Owner = { schema: 1, ...claimant, host: os.hostname(), renewedAt: new Date().toISOString() };
  return JSON.stringify(owner);
}
