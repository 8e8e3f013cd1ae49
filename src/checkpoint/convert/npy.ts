/** `\x93NUMPY`, then major and minor version of the format. */
const MAGIC = Buffer.from([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0]);
/** Magic and the length of the header, a uint16. */
const PREAMBLE_BYTES = MAGIC.length + 2;
/** numpy pads the header so that the values can be mapped into memory. */
const ALIGNMENT = 64;
/** numpy leaves room for a first axis of this many digits, so that a file can grow in place. */
const GROWTH_DIGITS = 21;

/**
 * Everything of an `.npy` file that stands before its values: NumPy format 1.0, as `numpy.save` writes it for a C-order array
 * of shape `[rows, dim]`.
 */
export function npyHeader(rows: number, dim: number, dtype: 'float32' | 'float64'): Buffer {
  const descr = dtype === 'float32' ? '<f4' : '<f8';
  const dict = `{'descr': '${descr}', 'fortran_order': False, 'shape': (${rows}, ${dim}), }`;
  const text = dict + ' '.repeat(GROWTH_DIGITS - String(rows).length);
  const length = PREAMBLE_BYTES + text.length + 1;
  const padded = `${text}${' '.repeat(ALIGNMENT - (length % ALIGNMENT))}\n`;
  const size = Buffer.alloc(2);
  size.writeUInt16LE(padded.length);
  return Buffer.concat([MAGIC, size, Buffer.from(padded, 'latin1')]);
}
