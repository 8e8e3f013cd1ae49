/** What follows an opcode. `textN`: N bytes of length, then so many bytes; `line`: up to a newline. */
export type Operand =
  'none' | 'fixed1' | 'fixed2' | 'fixed4' | 'fixed8' | 'text1' | 'text4' | 'text8' | 'line' | 'two-lines';

/** Every opcode of CPython's pickletools, protocols 0 to 5: written down here apart from the reader under test. */
const BY_OPERAND: Readonly<Record<Operand, string>> = {
  none: '(.012NRab)]}delostu\x81\x85\x86\x87\x88\x89\x8f\x90\x91\x92\x93\x94\x97\x98Q',
  fixed1: 'Khq\x80\x82',
  fixed2: 'M\x83',
  fixed4: 'Jjr\x84',
  fixed8: 'G\x95',
  text1: 'UC\x8a\x8c',
  text4: 'TBX\x8b',
  text8: '\x8d\x8e\x96',
  line: 'FILSVgpP',
  'two-lines': 'ci',
};

export const OPERANDS: ReadonlyMap<number, Operand> = new Map(
  Object.entries(BY_OPERAND).flatMap(([operand, opcodes]) =>
    Array.from(opcodes, (opcode) => [opcode.charCodeAt(0), operand as Operand] as const),
  ),
);

const WIDTH: Readonly<Partial<Record<Operand, number>>> = { fixed1: 1, fixed2: 2, fixed4: 4, fixed8: 8 };

/** Bytes of the length field of an opcode with text, 0 for any other. */
export function lengthFieldBytes(opcode: number): number {
  const operand = OPERANDS.get(opcode) ?? 'none';
  return operand.startsWith('text') ? Number(operand.slice(4)) : 0;
}

function operandBytes(pickle: Buffer, at: number): number {
  const operand = OPERANDS.get(pickle[at] as number) ?? 'none';
  if (operand === 'line' || operand === 'two-lines') {
    const first = pickle.indexOf(0x0a, at + 1);
    const last = operand === 'line' || first === -1 ? first : pickle.indexOf(0x0a, first + 1);
    return (last === -1 ? pickle.length : last + 1) - at - 1;
  }
  const field = lengthFieldBytes(pickle[at] as number);
  if (field === 0) return WIDTH[operand] ?? 0;
  if (at + 1 + field > pickle.length) return field;
  return field + pickle.readUIntLE(at + 1, Math.min(field, 6));
}

/** Cuts a pickle into opcodes with their operands; what is joined again gives the same bytes. */
export function splitPickle(pickle: Buffer): Buffer[] {
  const parts: Buffer[] = [];
  for (let at = 0; at < pickle.length;) {
    const end = Math.min(pickle.length, at + 1 + operandBytes(pickle, at));
    parts.push(pickle.subarray(at, end));
    at = end;
  }
  return parts;
}
