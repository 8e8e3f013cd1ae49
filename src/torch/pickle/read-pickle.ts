import type { TorchFileError } from '../errors.ts';
import { assertAcyclic } from './assert-acyclic.ts';
import { HANDLERS } from './handlers.ts';
import type { UnknownGlobals } from './inert.ts';
import type { PickleInput } from './input.ts';
import { Machine } from './machine.ts';
import type { Storages } from './machine.ts';
import { Op, REFUSED } from './opcodes.ts';
import type { PyValue } from './values.ts';

export interface ReadPickle {
  readonly root: PyValue;
  readonly protocol: number;
}

function unknownOpcode(machine: Machine, opcode: number): TorchFileError {
  const hex = opcode.toString(16).padStart(2, '0');
  const refused = REFUSED.get(opcode);
  if (refused === undefined) return machine.fail(`unknown opcode 0x${hex}`);
  return machine.fail(`opcode ${refused} (0x${hex}), which torch.save does not write,`, 'UNSUPPORTED_PICKLE');
}

/**
 * Walks a pickle without executing anything.
 *
 * @throws TorchFileError
 */
export function readPickle(input: PickleInput, storages: Storages, unknownGlobals: UnknownGlobals): ReadPickle {
  const machine = new Machine(input, storages, unknownGlobals);
  if (input.peek() !== Op.PROTO) {
    throw machine.fail('no PROTO: empty, or protocol 0 or 1, expected 2 to 5', 'UNSUPPORTED_PICKLE');
  }
  for (;;) {
    machine.at = input.offset;
    const opcode = input.u8();
    if (opcode === Op.STOP) break;
    const handler = HANDLERS[opcode];
    if (handler === undefined) throw unknownOpcode(machine, opcode);
    handler(machine);
  }
  return { root: result(machine), protocol: machine.protocol };
}

function result(machine: Machine): PyValue {
  const root = machine.pop();
  if (machine.height > 0 || machine.openMarks > 0) {
    throw machine.fail(`STOP with ${machine.height} more values on the stack`);
  }
  if (machine.halfBuilt.size > 0) throw machine.fail('STOP with an object that was never completed by BUILD');
  if (machine.input.left > 0) throw machine.fail(`STOP with ${machine.input.left} bytes after it`);
  assertAcyclic(root, machine.fail);
  return root;
}
