import { buildPickle, float, global, int, joinParts } from './build-pickle.ts';
import type { PicklePart } from './build-pickle.ts';
import { buildTorchZip } from './build-zip.ts';

const MEGA = 1_000_000;

function repeat(text: PicklePart, count: number): Buffer {
  const bytes = joinParts([text]);
  return Buffer.alloc(bytes.length * count, bytes);
}

/** In lists of a thousand, inside one list. */
function listed(part: PicklePart, count: number): PicklePart[] {
  return [']', repeat(joinParts(['(', repeat(part, 1000), 'e']), count / 1000)];
}

const unknown = joinParts([global('a', 'B'), 'q\0', '0']);

/** What unknown names could be used for to take time or memory, where they are kept as data. */
const PARTS: Readonly<Record<string, () => readonly PicklePart[]>> = {
  '10^6 unknown names': () => listed('ca\nb\n', MEGA),
  '10^6 unknown names from the memo': () => ['\x8c\x01aq\0\x8c\x01bq\x0100', ...listed('h\0h\x01\x93', MEGA)],
  '10^6 objects by REDUCE': () => [unknown, ...listed('h\0)R', MEGA)],
  '10^6 objects by NEWOBJ': () => [unknown, ...listed('h\0)\x81', MEGA)],
  '10^6 objects by NEWOBJ_EX': () => [unknown, ...listed('h\0)}\x92', MEGA)],
  '10^6 objects with a state': () => [unknown, ...listed('h\0)\x81}b', MEGA)],
  '10^6 objects with an item': () => [unknown, ...listed('h\0)\x81Na', MEGA)],
  '10^6 objects with an entry': () => [unknown, ...listed('h\0)\x81NNs', MEGA)],
  '10^6 objects in arguments of objects': () => [unknown, ')', repeat('q\x01h\0h\x01\x85R', MEGA)],
  '200,000 objects in arguments of objects': () => [
    unknown,
    ...['(', repeat('h\0', 200_000)],
    ...[')', repeat('\x81\x85', 200_000), 't'],
  ],
  '10^6 floats in one object': () => [unknown, 'h\0)\x81', repeat(joinParts(['(', repeat(float(1), 1000), 'e']), 1000)],
  '2^60 references by a DAG of states': () => [
    unknown,
    'h\0)\x81q\x01',
    ...Array.from({ length: 60 }, (_, i) => joinParts(['h\0)\x81h', i + 1, 'h', i + 1, '\x86bq', i + 2])),
    ...Array<string>(60).fill('\x86'),
  ],
  'a state that is the object': () => [unknown, 'h\0)\x81q\x01h\x01b'],
  'an item that is the object': () => [unknown, 'h\0)\x81q\x01h\x01a'],
  'a name of 10 MB by STACK_GLOBAL': () => ['X', ...longName(), '\x93'],
};

function longName(): PicklePart[] {
  const length = int(10 * MEGA).subarray(1);
  return [length, Buffer.alloc(10 * MEGA, 'x'), '\x8c\x01y'];
}

export const INERT_BOMBS = Object.entries(PARTS).map(([title, parts]) => ({
  title,
  make: (): Buffer => buildTorchZip(buildPickle(parts(), 4), { 0: Buffer.alloc(16) }).bytes,
}));
