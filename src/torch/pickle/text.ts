import { pickleError } from './errors.ts';

const REPLACEMENT = '\ufffd';

/**
 * Decodes what Python encodes with `utf-8` and `surrogatepass`: UTF-8 in which lone surrogates are allowed.
 *
 * @param offset place in data.pkl, for the message
 */
export function decodeText(bytes: Buffer, start: number, end: number, offset: number): string {
  const text = bytes.toString('utf8', start, end);
  // The decoder of Node replaces what it cannot decode, so only such texts (and real U+FFFD) need a second look.
  if (!text.includes(REPLACEMENT)) return text;
  return decodeWithSurrogates(bytes.subarray(start, end), offset);
}

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** A surrogate is `ED`, `A0…BF`, `80…BF`. */
function isSurrogate(bytes: Buffer, at: number): boolean {
  const [first, second, third] = [bytes[at], bytes[at + 1] ?? 0, bytes[at + 2] ?? 0];
  return first === 0xed && second >= 0xa0 && second <= 0xbf && third >= 0x80 && third <= 0xbf;
}

function decodeWithSurrogates(bytes: Buffer, offset: number): string {
  const parts: string[] = [];
  let plainFrom = 0;
  const flush = (to: number): void => {
    try {
      parts.push(decoder.decode(bytes.subarray(plainFrom, to)));
    } catch {
      throw pickleError('BROKEN_PICKLE', offset, 'text is not UTF-8');
    }
  };
  for (let at = bytes.indexOf(0xed); at !== -1; at = bytes.indexOf(0xed, at + 1)) {
    if (!isSurrogate(bytes, at)) continue;
    flush(at);
    parts.push(
      String.fromCharCode(0xd000 | (((bytes[at + 1] as number) & 0x3f) << 6) | ((bytes[at + 2] as number) & 0x3f)),
    );
    plainFrom = at + 3;
  }
  flush(bytes.length);
  return parts.join('');
}

const LONE_SURROGATE = /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/u;

/** The inverse of {@link decodeText}. */
export function encodeText(text: string): Buffer {
  if (!LONE_SURROGATE.test(text)) return Buffer.from(text, 'utf8');
  const parts = Array.from(text, (character) => {
    const code = character.codePointAt(0) as number;
    if (code < 0xd800 || code > 0xdfff) return Buffer.from(character, 'utf8');
    return Buffer.from([0xe0 | (code >> 12), 0x80 | ((code >> 6) & 0x3f), 0x80 | (code & 0x3f)]);
  });
  return Buffer.concat(parts);
}
