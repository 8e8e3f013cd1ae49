/** Element types of tensors, by torch's names, and their bytes. */
export const ELEMENT_SIZE = {
  float32: 4,
  float64: 8,
  float16: 2,
  bfloat16: 2,
  float8_e4m3fn: 1,
  float8_e5m2: 1,
  float8_e4m3fnuz: 1,
  float8_e5m2fnuz: 1,
  float8_e8m0fnu: 1,
  int8: 1,
  int16: 2,
  int32: 4,
  int64: 8,
  uint8: 1,
  uint16: 2,
  uint32: 4,
  uint64: 8,
  bool: 1,
  complex32: 4,
  complex64: 8,
  complex128: 16,
} as const;

export type DType = keyof typeof ELEMENT_SIZE;

export function isDType(name: string): name is DType {
  return Object.hasOwn(ELEMENT_SIZE, name);
}

/** Element types that have a storage class of their own; the others are saved as untyped storages. */
export const STORAGE_CLASS = {
  float32: 'FloatStorage',
  float64: 'DoubleStorage',
  float16: 'HalfStorage',
  bfloat16: 'BFloat16Storage',
  int64: 'LongStorage',
  int32: 'IntStorage',
  int16: 'ShortStorage',
  int8: 'CharStorage',
  uint8: 'ByteStorage',
  bool: 'BoolStorage',
  complex64: 'ComplexFloatStorage',
  complex128: 'ComplexDoubleStorage',
} as const satisfies Partial<Record<DType, string>>;

export type TypedDType = keyof typeof STORAGE_CLASS;

/** Storage classes of quantized tensors: recognised and measured, their values are not read. Packed ones count bytes. */
export const QUANTIZED_ELEMENT_SIZE: Readonly<Record<string, number>> = {
  QInt8Storage: 1,
  QUInt8Storage: 1,
  QInt32Storage: 4,
  QUInt4x2Storage: 1,
  QUInt2x4Storage: 1,
};

/** Element types that torch knows and this reader does not: a tensor of them is named so, not called unsafe. */
export const UNREAD_DTYPES: readonly string[] = [
  'qint8',
  'quint8',
  'qint32',
  'quint4x2',
  'quint2x4',
  'bits8',
  'bits16',
  'bits1x8',
  'bits2x4',
  'bits4x2',
  'float4_e2m1fn_x2',
];
