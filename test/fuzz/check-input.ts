import { crc32 } from 'node:zlib';
import { CheckpointError } from '../../src/checkpoint/errors.ts';
import type { CheckedCheckpoint } from '../../src/checkpoint/check-source.ts';
import { readRows } from '../../src/checkpoint/row-values.ts';
import { FAULT_OF_CODE, TorchFileError } from '../../src/torch/errors.ts';
import type { TorchFile } from '../../src/torch/index.ts';
import { digestFile } from '../support/digest-value.ts';
import { checkValues, Violation } from './check-values.ts';
import type { Subject } from './subject.ts';

/** `accepted`, or the code of the refusal. */
export type Outcome = string;

export const ACCEPTED: Outcome = 'accepted';

/** @throws anything but a TorchFileError that `read` throws */
function attempt(read: () => TorchFile): TorchFile | TorchFileError {
  try {
    return read();
  } catch (error) {
    if (error instanceof TorchFileError && FAULT_OF_CODE[error.code] === error.fault) return error;
    throw error;
  }
}

/** The bytes that are vouched for, counted again. */
function checkCrcs({ archive, integrity }: TorchFile, bytes: Uint8Array): void {
  if (integrity !== 'verified') return;
  for (const { name, dataOffset, size, crc } of archive.records) {
    if (crc32(bytes.subarray(dataOffset, dataOffset + size)) === crc) continue;
    throw new Violation(`verified, but the CRC of ${name} is wrong`);
  }
}

function checkRows({ problem, file, layout, ids, kind }: CheckedCheckpoint): void {
  if (problem !== undefined || file === undefined || layout === undefined || layout.rows === 0) return;
  if (kind === 'generic' || layout.dim > 1 << 16) return;
  if (ids?.count !== layout.rows || ids.all().length !== ids.count) {
    throw new Violation(`${layout.rows} rows, ${ids?.count} ids`);
  }
  for (const row of new Set([0, layout.rows - 1])) readRows(file, layout, row, 1, new Float32Array(layout.dim));
}

/** What `check` finds must be what `read` found, and never that the file could not be looked at. */
function checkJudgement(checked: CheckedCheckpoint, read: TorchFile | TorchFileError): void {
  const { problem } = checked;
  if (problem !== undefined && (!(problem instanceof CheckpointError) || problem.class === 'unavailable')) {
    throw new Violation(`judged ${String(problem)}`);
  }
  if (read instanceof TorchFileError) {
    if (problem?.code === read.code && problem.class === read.fault) return;
    throw new Violation(`read: ${read.code}, judged: ${problem?.code ?? 'valid'}`);
  }
  if (problem?.class === 'corrupted') throw new Violation(`read, but judged ${problem.message}`);
  checkRows(checked);
}

/** Costs are counted by what a path does: a budget may end one of two that are otherwise the same. */
const BUDGETS: ReadonlySet<Outcome> = new Set(['LIMIT_EXCEEDED']);

/**
 * Reads an input again in a form that takes another path through the reader.
 *
 * @throws Violation if the outcome, or any value, is another
 */
export function checkTwin(bytes: Buffer, twin: Buffer, subject: Subject): void {
  const [fast, slow] = [bytes, twin].map((it) => attempt(() => subject.read(it, 'structure')));
  if (fast instanceof TorchFileError || slow instanceof TorchFileError) {
    const [one, other] = [fast, slow].map((it) => (it instanceof TorchFileError ? it.code : ACCEPTED));
    if (one === other || BUDGETS.has(one ?? '') || BUDGETS.has(other ?? '')) return;
    throw new Violation(`the fast paths give ${one}, the others ${other}`);
  }
  if (fast === undefined || slow === undefined || digestFile(fast) === digestFile(slow)) return;
  throw new Violation('the fast paths give other values than the others');
}

/**
 * Gives one input to every reader at every level.
 *
 * @throws Violation if an accepted input breaks an invariant; anything else that is thrown is a defect as well
 */
export function checkInput(bytes: Buffer, subject: Subject): Outcome {
  const structure = attempt(() => subject.read(bytes, 'structure'));
  const deep = attempt(() => subject.read(bytes, 'deep'));
  checkJudgement(subject.check(bytes, 'structure'), structure);
  checkJudgement(subject.check(bytes, 'deep'), deep);
  const header = subject.check(bytes, 'header').problem;
  if (structure instanceof TorchFileError) {
    if (!(deep instanceof TorchFileError))
      throw new Violation(`deep accepts what structure refuses: ${structure.message}`);
    return structure.code;
  }
  if (header !== undefined) throw new Violation(`structure accepts what header refuses: ${header.message}`);
  checkValues(structure);
  if (deep instanceof TorchFileError) return deep.code;
  checkValues(deep);
  checkCrcs(deep, bytes);
  return ACCEPTED;
}
