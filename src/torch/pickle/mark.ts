import { MAX_STACK } from '../limits.ts';
import { FLOAT_BYTES, LONGEST_TEXT, passTexts, TEXT_OVERHEAD } from '../scan/scan.ts';
import { rebuildTensor } from '../tensor/rebuild.ts';
import { ListValue } from './containers.ts';
import { GlobalValue } from './globals.ts';
import { COST } from './cost.ts';
import type { Machine } from './machine.ts';
import { Op } from './opcodes.ts';
import { TextRun } from './text-run.ts';
import type { PyValue } from './values.ts';
import { tensorCall } from './tensor-call.ts';

/** MARK, with fast paths for what checkpoints are made of: lists of floats, of texts, and calls that make tensors. */
export function mark(machine: Machine): void {
  const next = machine.input.peek();
  if (next === Op.BINFLOAT) return markFloats(machine);
  if (next === Op.BINUNICODE) return markTexts(machine);
  if (next === Op.MARK && isTensorRebuild(machine.peekTop()) && tensorCall(machine)) return;
  machine.mark();
}

function isTensorRebuild(value: PyValue | undefined): boolean {
  return value instanceof GlobalValue && value.build === rebuildTensor;
}

/**
 * MARK, BINFLOAT…, APPENDS is taken as a whole and stays in the file. Floats that turn out to belong to something else
 * are read again one by one.
 */
function markFloats(machine: Machine): void {
  const target = machine.peekTop();
  machine.mark();
  if (!(target instanceof ListValue)) return;
  machine.spend(COST.run);
  const run = machine.input.floatRun();
  if (machine.input.peek() === Op.APPENDS) {
    machine.input.u8();
    machine.popMark();
    if (run.count > 0) target.pushRun(run);
    return;
  }
  if (run.count > MAX_STACK) throw machine.fail(`more than ${MAX_STACK} values on the stack`, 'LIMIT_EXCEEDED');
  const raw = machine.input.again(run.offset, run.count * FLOAT_BYTES);
  for (let at = 0; at < raw.length; at += FLOAT_BYTES) machine.pushFloat(raw.readDoubleBE(at + 1));
}

/** MARK, texts that are new, APPENDS: taken as a whole. Texts that turn out to belong to something else are pushed. */
function markTexts(machine: Machine): void {
  const target = machine.peekTop();
  machine.mark();
  if (!(target instanceof ListValue) || !machine.isMemoDense) return;
  const runs: TextRun[] = [];
  for (let run = textRun(machine); run !== undefined; run = textRun(machine)) {
    machine.memoizeTexts(run);
    runs.push(run);
  }
  if (machine.input.peek() === Op.APPENDS) {
    machine.input.u8();
    machine.popMark();
    for (const run of runs) target.pushTexts(run);
    return;
  }
  for (const run of runs) for (const text of run.texts) machine.push(text);
}

/** The texts that lie in the window, and whose memo entries are the next. */
function textRun(machine: Machine): TextRun | undefined {
  const { input } = machine;
  const at = input.lookAhead(LONGEST_TEXT + TEXT_OVERHEAD);
  const { end, count } = passTexts(input.window, at, input.windowEnd, machine.memoSize);
  if (count === 0) return undefined;
  machine.spend(COST.run + end - at + count * (COST.text + COST.slot));
  return new TextRun(input.sharedBytes(end - at), count);
}
