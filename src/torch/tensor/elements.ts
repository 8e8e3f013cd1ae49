import type { DType } from './dtype.ts';

export interface ComplexNumber {
  readonly re: number;
  readonly im: number;
}

export type ElementValue = number | bigint | boolean | ComplexNumber;

/** How the bits of a small float are laid out: sign (if any), exponent, fraction, from the top. */
interface FloatFormat {
  readonly bits: number;
  readonly signed: boolean;
  readonly fraction: number;
  readonly bias: number;
  /** `ieee`: exponent of all ones is infinity or NaN; `fn`: only all ones throughout is NaN; `fnuz`: only −0 is NaN. */
  readonly special: 'ieee' | 'fn' | 'fnuz';
}

const FORMATS = {
  float16: { bits: 16, signed: true, fraction: 10, bias: 15, special: 'ieee' },
  float8_e5m2: { bits: 8, signed: true, fraction: 2, bias: 15, special: 'ieee' },
  float8_e4m3fn: { bits: 8, signed: true, fraction: 3, bias: 7, special: 'fn' },
  float8_e5m2fnuz: { bits: 8, signed: true, fraction: 2, bias: 16, special: 'fnuz' },
  float8_e4m3fnuz: { bits: 8, signed: true, fraction: 3, bias: 8, special: 'fnuz' },
} as const satisfies Partial<Record<DType, FloatFormat>>;

function decodeFloat(word: number, format: FloatFormat): number {
  const { bits, fraction, bias, special } = format;
  const exponentBits = bits - 1 - fraction;
  const sign = word >>> (bits - 1) === 1 ? -1 : 1;
  const exponent = (word >>> fraction) & ((1 << exponentBits) - 1);
  const mantissa = word & ((1 << fraction) - 1);
  const isTop = exponent === (1 << exponentBits) - 1;
  const isAllOnes = isTop && mantissa === (1 << fraction) - 1;
  if (special === 'ieee' && isTop) return mantissa === 0 ? sign * Infinity : NaN;
  if (special === 'fn' && isAllOnes) return NaN;
  if (special === 'fnuz' && word === 1 << (bits - 1)) return NaN;
  if (exponent === 0) return sign * mantissa * 2 ** (1 - bias - fraction);
  return sign * (1 + mantissa / (1 << fraction)) * 2 ** (exponent - bias);
}

/** The upper half of a float32. */
function decodeBFloat16(word: number): number {
  return new Float32Array(Uint32Array.of((word << 16) >>> 0).buffer)[0] as number;
}

/** An exponent and nothing else; all ones is NaN. */
function decodeE8M0(word: number): number {
  return word === 0xff ? NaN : 2 ** (word - 127);
}

function isComplex(value: ElementValue): value is ComplexNumber {
  return typeof value === 'object';
}

/** Lazy conjugation and negation that torch stores as flags. */
function withFlags(value: ElementValue, conj: boolean, neg: boolean): ElementValue {
  if (isComplex(value)) {
    const { re, im } = conj ? { re: value.re, im: -value.im } : value;
    return neg ? { re: -re, im: -im } : { re, im };
  }
  return neg && typeof value !== 'boolean' ? -value : value;
}

/** @returns a function from byte offset in `bytes` to value */
export function elementReader(
  dtype: DType,
  bytes: Buffer,
  little: boolean,
  flags: { readonly conj: boolean; readonly neg: boolean },
): (at: number) => ElementValue {
  const plain = plainReader(dtype, new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), little);
  if (!flags.conj && !flags.neg) return plain;
  return (at) => withFlags(plain(at), flags.conj, flags.neg);
}

function plainReader(dtype: DType, view: DataView, little: boolean): (at: number) => ElementValue {
  switch (dtype) {
    case 'float32':
      return (at) => view.getFloat32(at, little);
    case 'float64':
      return (at) => view.getFloat64(at, little);
    case 'float16':
      return (at) => decodeFloat(view.getUint16(at, little), FORMATS.float16);
    case 'bfloat16':
      return (at) => decodeBFloat16(view.getUint16(at, little));
    case 'float8_e4m3fn':
    case 'float8_e5m2':
    case 'float8_e4m3fnuz':
    case 'float8_e5m2fnuz':
      return (at) => decodeFloat(view.getUint8(at), FORMATS[dtype]);
    case 'float8_e8m0fnu':
      return (at) => decodeE8M0(view.getUint8(at));
    case 'int8':
      return (at) => view.getInt8(at);
    case 'int16':
      return (at) => view.getInt16(at, little);
    case 'int32':
      return (at) => view.getInt32(at, little);
    case 'int64':
      return (at) => view.getBigInt64(at, little);
    case 'uint8':
      return (at) => view.getUint8(at);
    case 'uint16':
      return (at) => view.getUint16(at, little);
    case 'uint32':
      return (at) => view.getUint32(at, little);
    case 'uint64':
      return (at) => view.getBigUint64(at, little);
    case 'bool':
      return (at) => view.getUint8(at) !== 0;
    case 'complex32':
      return (at) => ({
        re: decodeFloat(view.getUint16(at, little), FORMATS.float16),
        im: decodeFloat(view.getUint16(at + 2, little), FORMATS.float16),
      });
    case 'complex64':
      return (at) => ({ re: view.getFloat32(at, little), im: view.getFloat32(at + 4, little) });
    case 'complex128':
      return (at) => ({ re: view.getFloat64(at, little), im: view.getFloat64(at + 8, little) });
  }
}
