import { describe, expect, it } from 'vitest';
import { npyHeader } from '../../../../src/checkpoint/convert/npy.ts';

describe('npyHeader', () => {
  it('3 rows of 4 float32 → byte for byte as numpy.lib.format defines version 1.0', () => {
    const header = npyHeader(3, 4, 'float32');
    expect(header.subarray(0, 8).toString('latin1')).toBe('\u0093NUMPY\u0001\u0000');
    // uint16 at offset 8: the header's length, so that the values start at a multiple of 64.
    expect(header.readUInt16LE(8)).toBe(118);
    const text = header.subarray(10).toString('latin1');
    expect(text).toBe(`${"{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }".padEnd(117)}\n`);
  });

  it.each([
    [1, 1],
    [10_000, 3328],
    [123_456_789, 2560],
    [4, 1_000_000_000],
  ])('%d rows of %d → ends in a line feed, at a multiple of 64', (rows, dim) => {
    const header = npyHeader(rows, dim, 'float64');
    expect(header.length % 64).toBe(0);
    expect(header.readUInt16LE(8)).toBe(header.length - 10);
    expect(header.at(-1)).toBe(0x0a);
    expect(header.toString('latin1')).toContain(`'<f8', 'fortran_order': False, 'shape': (${rows}, ${dim}), }`);
  });
});
