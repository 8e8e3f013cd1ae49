import { lengthFieldBytes, OPERANDS, splitPickle } from './pickle-opcodes.ts';
import type { Random } from './random.ts';

/** Changes the opcodes of a pickle in place, or gives new ones. */
type Mutation = (parts: Buffer[], random: Random, other: readonly Buffer[]) => Buffer[];

const flipBit: Mutation = (parts, random) => {
  const pickle = Buffer.concat(parts);
  if (pickle.length === 0) return parts;
  const at = random.below(pickle.length);
  pickle[at] = (pickle[at] as number) ^ (1 << random.below(8));
  return splitPickle(pickle);
};

const setByte: Mutation = (parts, random) => {
  const pickle = Buffer.concat(parts);
  if (pickle.length > 0) pickle[random.below(pickle.length)] = random.below(256);
  return splitPickle(pickle);
};

const splice: Mutation = (parts, random, other) => {
  const [start, end] = random.range(other.length, 20);
  return parts.toSpliced(random.below(parts.length + 1), random.small(4), ...other.slice(start, end));
};

const remove: Mutation = (parts, random) => {
  const [start, end] = random.range(parts.length, 12);
  return parts.toSpliced(start, end - start);
};

const repeat: Mutation = (parts, random) => {
  const [start, end] = random.range(parts.length, 6);
  const times = random.pick([1, 2, 10, 300]);
  const copies = Array.from({ length: times }, () => parts.slice(start, end)).flat();
  return parts.toSpliced(end, 0, ...copies);
};

const exchange: Mutation = (parts, random) => {
  const [one, two] = [random.below(parts.length), random.below(parts.length)];
  const changed = [...parts];
  [changed[one], changed[two]] = [parts[two] as Buffer, parts[one] as Buffer];
  return changed;
};

const otherOpcode: Mutation = (parts, random) => {
  const at = random.below(parts.length);
  const part = parts[at];
  if (part === undefined) return parts;
  return parts.with(at, Buffer.concat([Buffer.of(random.pick([...OPERANDS.keys()])), part.subarray(1)]));
};

/** Gives one opcode the operand of another. */
const otherOperand: Mutation = (parts, random) => {
  const [at, from] = [random.below(parts.length), random.below(parts.length)];
  const [part, giver] = [parts[at], parts[from]];
  if (part === undefined || giver === undefined) return parts;
  return parts.with(at, Buffer.concat([part.subarray(0, 1), giver.subarray(1)]));
};

/** A length, count or index becomes a number at which readers break. */
const extremeNumber: Mutation = (parts, random) => {
  const wide = parts.flatMap((part, index) => (fieldBytes(part) > 0 ? [index] : []));
  if (wide.length === 0) return parts;
  const at = random.pick(wide);
  const part = Buffer.from(parts[at] as Buffer);
  const width = Math.min(fieldBytes(part), part.length - 1);
  if (width === 8 && random.chance(0.5))
    part.writeBigUInt64LE(random.pick([1n << 63n, (1n << 64n) - 1n, 1n << 40n]), 1);
  else part.writeUIntLE(random.extreme() % 2 ** (8 * Math.min(width, 6)), 1, Math.min(width, 6));
  return parts.with(at, part);
};

function fieldBytes(part: Buffer): number {
  const operand = OPERANDS.get(part[0] as number) ?? 'none';
  if (part.length < 2) return 0;
  return operand.startsWith('fixed') ? Number(operand.slice(5)) : lengthFieldBytes(part[0] as number);
}

const cut: Mutation = (parts, random) => parts.slice(0, random.below(parts.length + 1));

const MUTATIONS = [
  flipBit,
  setByte,
  splice,
  remove,
  repeat,
  exchange,
  otherOpcode,
  otherOperand,
  extremeNumber,
  extremeNumber,
  cut,
];

/** At most this, so that repeated repeats stay small inputs. */
const MAX_BYTES = 64 << 10;

/** A sound pickle with one to eight changes. */
export function mutatePickle(pickle: Buffer, other: Buffer, random: Random): Buffer {
  let parts = splitPickle(pickle);
  const foreign = splitPickle(other);
  for (let left = 1 + random.small(8); left > 0 && parts.length > 0; left--) {
    parts = random.pick(MUTATIONS)(parts, random, foreign);
  }
  return Buffer.concat(parts).subarray(0, MAX_BYTES);
}
