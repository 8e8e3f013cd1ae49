import { describe, expect, it } from 'vitest';
import { bytesText, plural, printable } from '../../../src/cli/terminal.ts';

describe('printable', () => {
  it('a name with an escape sequence and a line end → escaped, on one line', () => {
    expect(printable('a\u001b[2Jb\nc')).toBe('a\\u{1b}[2Jb\\u{a}c');
  });

  it('a right-to-left override → escaped', () => {
    expect(printable('a\u202egpj.pt')).toBe('a\\u{202e}gpj.pt');
  });

  it('letters of any script → as they are', () => {
    expect(printable('größe_細胞.pt')).toBe('größe_細胞.pt');
  });
});

it.each([
  [0, '0 bytes'],
  [1, '1 byte'],
  [43471, '43,471 bytes'],
])('%d bytes → %s', (bytes, text) => {
  expect(bytesText(bytes)).toBe(text);
});

it('one and two → singular and plural', () => {
  expect([plural(1, 'row'), plural(2, 'row')]).toEqual(['1 row', '2 rows']);
});
