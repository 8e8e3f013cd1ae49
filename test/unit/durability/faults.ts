import { FailureType } from '../../../src/contract/failure-types.ts';
import { CrashFileSystem } from '../../support/crash-file-system.ts';
import { crashStates } from '../../support/crash-states.ts';
import { FaultyFileSystem, type Call, type Fault, type FaultyOptions } from '../../support/faulty-file-system.ts';
import { carryOn, embedAgain, wrongEnd } from './carry-on.ts';
import { emptyRun, save, soundEnd, type Storage, type Told, type Work } from './life-of-a-task.ts';
import type { Findings } from './violations.ts';

/** One fault, at every operation of a life in turn. */
export interface FaultKind {
  fault: Fault;
  /** Whether power is lost afterwards, at every moment: a failed fsync shows only then. */
  thenCrash?: boolean;
  /** Only at these operations; at all of them if absent. */
  at?: readonly Call['operation'][];
}

export const ERRNOS = ['EIO', 'ENOSPC', 'EDQUOT', 'ESTALE', 'EINTR'];

export const FAULT_KINDS: readonly FaultKind[] = [
  ...ERRNOS.flatMap((errno) => [{ fault: { errno } }, { fault: { errno, lie: true } }]),
  { fault: { errno: 'EIO' }, thenCrash: true, at: ['sync', 'close', 'syncFolder'] },
];

/** A promise that rests on what a failed sync has lost is untrue at the moment it is made. */
const WHEN_TOLD = { exhaustive: 4, samples: 1, brief: true, whenTold: true };

/** Attempts that may be needed after one fault: each phase once more, and one to spare. */
const ATTEMPTS = 4;

/** Lives of a task in each of which one operation fails, which the next attempt has to make up for. */
export async function faultEverywhere(
  storage: Storage,
  work: Work,
  kinds: readonly FaultKind[] = FAULT_KINDS,
  base: FaultyOptions = {},
): Promise<Findings> {
  const findings: Findings = { states: 0, violations: new Map() };
  const sound = await soundEnd(storage, work);
  for (const kind of kinds) {
    for (let number = 1; ; number++) {
      const life = await liveWithFault(storage, work, { ...kind, number }, base);
      if (life.calls < number) break;
      const place = `${JSON.stringify(kind.fault)} at ${life.failed} ${number}`;
      const note = (problem: string, when: string) => {
        if (!findings.violations.has(problem)) findings.violations.set(problem, when);
      };
      for (const problem of [...life.broken, ...wrongEnd(life.model, sound, false)]) note(problem, place);
      if (life.failed === undefined) continue;
      findings.states += 1;
      if (kind.thenCrash !== true) continue;
      const options = { ...WHEN_TOLD, from: life.failedAt, seed: number };
      for (const state of crashStates(life.model, options)) {
        findings.states += 1;
        const problems = await carryOn(storage, work, state, sound);
        for (const problem of problems) note(problem, `${place}, then ${state.description}`);
      }
    }
  }
  return findings;
}

interface FaultyLife {
  model: CrashFileSystem<Told>;
  broken: string[];
  calls: number;
  /** The operation that failed. */
  failed: Call['operation'] | undefined;
  /** Entries of the journal by then. */
  failedAt: number;
}

async function liveWithFault(
  storage: Storage,
  work: Work,
  { fault, at, number }: FaultKind & { number: number },
  base: FaultyOptions,
): Promise<FaultyLife> {
  const model = new CrashFileSystem<Told>(await emptyRun());
  const life: FaultyLife = { model, broken: [], calls: 0, failed: undefined, failedAt: 0 };
  const decide = (call: Call): Fault | undefined => {
    if (call.number !== number || (at !== undefined && !at.includes(call.operation))) return undefined;
    life.failed = call.operation;
    life.failedAt = model.journal.length;
    if (call.operation === 'sync') model.failSync(call.path);
    return fault;
  };
  const fileSystem = new FaultyFileSystem({ ...base, fault: decide }, model);
  for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
    try {
      const embedded = await embeddedOf(storage, work, life, fileSystem);
      await save(storage, fileSystem, embedded, (told) => model.note(told));
      break;
    } catch (error) {
      const problem = misreported(error, fault.errno);
      if (problem !== undefined) life.broken.push(problem);
      if (attempt === ATTEMPTS) life.broken.push(`never ends: ${String(error)}`);
    }
  }
  life.calls = fileSystem.calls.length;
  return life;
}

/** As Temporal has it: what a finished embedFile returned, or what another attempt at it returns. */
async function embeddedOf(storage: Storage, work: Work, { model, broken }: FaultyLife, fileSystem: FaultyFileSystem) {
  const notes = model.journal.flatMap((entry) => (entry.kind === 'note' ? [entry.note] : []));
  const told = notes.findLast((note) => 'segments' in note);
  if (told !== undefined) return told;
  return embedAgain(storage, work, fileSystem, notes, broken, (note) => model.note(note));
}

/** An I/O error is told as what it is, so that it is tried again, and never as a verdict on a file. */
function misreported(error: unknown, errno: string): string | undefined {
  const { code, type } = error as { code?: string; type?: string };
  return code === errno || type === FailureType.CheckpointUnavailable
    ? undefined
    : `an I/O error was reported as ${String(error)}`;
}
