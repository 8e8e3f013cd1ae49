import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  encodeFrame,
  floatsFromPayload,
  FrameDecoder,
  MAX_HEADER_BYTES,
  payloadFromFloats,
} from '../../../../src/embedders/process/frames.ts';
import type { Frame } from '../../../../src/embedders/process/frames.ts';

function decode(bytes: Buffer, sizes: number[]): Frame[] {
  const decoder = new FrameDecoder();
  const frames: Frame[] = [];
  for (let at = 0, turn = 0; at < bytes.length; turn++) {
    const size = sizes[turn % sizes.length] as number;
    frames.push(...decoder.push(bytes.subarray(at, at + size)));
    at += size;
  }
  return frames;
}

describe('frames', () => {
  test('any frames, cut anywhere → the same frames', () => {
    const header = fc.record({ id: fc.nat(), text: fc.string() });
    const frame = fc.tuple(header, fc.uint8Array({ maxLength: 50 }));
    const sizes = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1 });
    fc.assert(
      fc.property(fc.array(frame), sizes, (frames, cuts) => {
        const bytes = Buffer.concat(frames.flatMap(([head, payload]) => encodeFrame(head, payload)));
        const decoded = decode(bytes, cuts).map((found) => [found.header, new Uint8Array(found.payload)]);
        expect(decoded).toEqual(frames);
      }),
    );
  });

  test('floats after a header of odd length → the same values, bit by bit', () => {
    const values = Float32Array.of(1.5, -0, Number.NaN, 1e-45, 3e38);
    const [frame] = decode(Buffer.concat(encodeFrame({ odd: 'abc' }, payloadFromFloats(values))), [7]) as [Frame];
    expect(Buffer.from(floatsFromPayload(frame.payload).buffer)).toEqual(Buffer.from(values.buffer));
  });

  test('text instead of a frame → refused, showing its bytes', () => {
    expect(() => decode(Buffer.from('Loading weights…\n'), [64])).toThrow(/^expected a frame, found bytes 4c6f6164/u);
  });

  test('an absurd length → refused before anything is allocated', () => {
    const bytes = Buffer.concat(encodeFrame({}));
    bytes.writeUInt32LE(MAX_HEADER_BYTES + 1, 4);
    expect(() => decode(bytes, [64])).toThrow('too large');
  });

  test('a header that is not an object → refused', () => {
    const bytes = Buffer.concat(encodeFrame([1]));
    bytes.write('123', 12);
    expect(() => decode(bytes, [64])).toThrow('expected a JSON object');
  });
});
