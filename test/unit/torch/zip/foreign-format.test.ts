import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { memorySource, readArchive } from '../../../../src/torch/index.ts';
import { refusal } from '../../../support/torch-samples.ts';

function safetensors(): Buffer {
  const header = Buffer.from('{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}');
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(header.length));
  return Buffer.concat([length, header, Buffer.alloc(4)]);
}

function tar(): Buffer {
  const bytes = Buffer.alloc(1536);
  bytes.write('storages');
  bytes.write('ustar', 257);
  return bytes;
}

/** The smallest archive of Python's zipfile: version needed 20, no ZIP64 end record. */
function plainZip(): Buffer {
  const local = Buffer.alloc(31 + 2);
  local.write('PK\x03\x04\x14', 'latin1');
  const directory = Buffer.alloc(46);
  directory.write('PK\x01\x02\x14\x03\x14', 'latin1');
  const end = Buffer.alloc(22);
  end.write('PK\x05\x06', 'latin1');
  return Buffer.concat([local, directory, end]);
}

describe('files that are not torch.save archives', () => {
  test.each([
    ['legacy torch', Buffer.from('80028a0a6cfc9c46f9206aa850192e80024de903', 'hex'), 'LEGACY_FORMAT', /legacy PyTorch/],
    ['PYTORCH1', Buffer.from('PYTORCH1 and more'), 'LEGACY_FORMAT', /PYTORCH1/],
    ['tar', tar(), 'LEGACY_FORMAT', /tar file/],
    ['gzip', gzipSync('x'), 'OTHER_FORMAT', /gzip/],
    ['safetensors', safetensors(), 'OTHER_FORMAT', /safetensors/],
    ['git-lfs pointer', Buffer.from('version https://git-lfs.github.com/spec/v1\noid'), 'OTHER_FORMAT', /git lfs pull/],
    ['HTML', Buffer.from('\n<!DOCTYPE html><html>404'), 'OTHER_FORMAT', /HTML page/],
    ['npy', Buffer.from('\x93NUMPY\x01\0v\0', 'latin1'), 'OTHER_FORMAT', /NumPy/],
    ['bare pickle', Buffer.from('80027d71002e', 'hex'), 'OTHER_FORMAT', /bare pickle/],
  ] as const)('%s → incompatible, and says what it is', (_, bytes, code, reason) => {
    const error = refusal(() => readArchive(memorySource(bytes)));
    expect([error.fault, error.code]).toEqual(['incompatible', code]);
    expect(error.message).toMatch(/^not a valid ZIP archive: /);
    expect(error.message).toMatch(reason);
  });

  test('a ZIP of another program → incompatible: FOREIGN_LAYOUT', () => {
    const error = refusal(() => readArchive(memorySource(plainZip())));
    expect([error.fault, error.code]).toEqual(['incompatible', 'FOREIGN_LAYOUT']);
  });

  test.each([
    ['text', Buffer.from('hello'), 'NOT_A_ZIP', /^not a valid ZIP archive: starts with bytes 68656c6c/],
    ['one byte', Buffer.from('P'), 'NOT_A_ZIP', /^not a valid ZIP archive/],
    ['the first 4 bytes of a ZIP', Buffer.from('PK\x03\x04'), 'TRUNCATED', /^not a valid ZIP archive: no end record/],
    ['0 bytes', Buffer.alloc(0), 'EMPTY', /^file is 0 bytes$/],
  ] as const)('%s → corrupted', (_, bytes, code, reason) => {
    const error = refusal(() => readArchive(memorySource(bytes)));
    expect([error.fault, error.code]).toEqual(['corrupted', code]);
    expect(error.message).toMatch(reason);
  });
});
