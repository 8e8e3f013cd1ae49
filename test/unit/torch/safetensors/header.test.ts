import { describe, expect, it } from 'vitest';
import { MAX_SAFETENSORS_HEADER_BYTES, safetensorsHeader } from '../../../../src/torch/safetensors/header.ts';

describe('safetensorsHeader', () => {
  it('3 rows of 4 float32 → byte for byte as the format defines it', () => {
    const header = safetensorsHeader({
      tensors: [{ name: 'data', dtype: 'float32', shape: [3, 4] }],
      metadata: { ids: '["a"]' },
    });
    const json = '{"__metadata__":{"ids":"[\\"a\\"]"},"data":{"dtype":"F32","shape":[3,4],"data_offsets":[0,48]}}';
    // uint64 at offset 0: length of the header, padded with spaces to a multiple of 8.
    expect(header.readBigUInt64LE(0)).toBe(96n);
    expect(header.subarray(8).toString()).toBe(json.padEnd(96));
    expect(header.length).toBe(104);
  });

  it('float64, text of any kind → sizes of 8 bytes, metadata that reads back', () => {
    const ids = ['ünï', '"quoted"', 'a\nb', '\ud800', ''];
    const header = safetensorsHeader({
      tensors: [{ name: 'data', dtype: 'float64', shape: [5, 3] }],
      metadata: { ids: JSON.stringify(ids) },
    });
    expect((header.length - 8) % 8).toBe(0);
    const { __metadata__: metadata, data } = JSON.parse(header.subarray(8).toString()) as {
      __metadata__: { ids: string };
      data: object;
    };
    expect(JSON.parse(metadata.ids)).toEqual(ids);
    expect(data).toEqual({ dtype: 'F64', shape: [5, 3], data_offsets: [0, 120] });
  });

  it('more than readers take → RangeError', () => {
    const metadata = { ids: 'x'.repeat(MAX_SAFETENSORS_HEADER_BYTES) };
    expect(() => safetensorsHeader({ tensors: [], metadata })).toThrow(RangeError);
  });
});
