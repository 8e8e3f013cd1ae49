import { open, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { nodeFileSystem } from '../platform/node-file-system.ts';
import { syncFolder } from '../platform/sync-folder.ts';

/** Name of the log in the run folder. */
export const FAILED_CHECKPOINTS_FILE = 'failed_checkpoints.txt';

/** A line has to stay readable, and short enough for one write to be one piece. */
const MAX_REASON_BYTES = 1024;

export interface FailedCheckpoint {
  path: string;
  /** `corrupted: …` or `incompatible: …` */
  reason: string;
  /** ISO 8601 with offset. */
  timestamp: string;
}

/** A line that is not `{checkpoint_path}|{reason}|{timestamp}`. */
export interface MalformedLine {
  /** From 1. */
  line: number;
  text: string;
}

/**
 * Adds one line to `failed_checkpoints.txt` of a folder: `{checkpoint_path}|{reason}|{timestamp}`, durable when this
 * returns. `|`, CR and LF inside a field are percent-escaped, and so is a `%` that would read as such an escape. The
 * reason is cut at 1 KiB.
 *
 * One process at a time may append: O_APPEND does not keep writers of several hosts apart on NFS.
 *
 * @param time defaults to now
 * @throws the errno error of the system call
 */
export async function appendFailedCheckpoint(
  folder: string,
  failed: { path: string; reason: string },
  time: Date = new Date(),
): Promise<void> {
  const path = join(folder, FAILED_CHECKPOINTS_FILE);
  const fields = [escapeField(failed.path), cutField(escapeField(failed.reason)), formatTime(time)];
  const file = await open(path, 'a+');
  try {
    const { size } = await file.stat();
    const line = `${(await endsTorn(file, size)) ? '\n' : ''}${fields.join('|')}\n`;
    const bytes = Buffer.from(line);
    const { bytesWritten } = await file.write(bytes);
    if (bytesWritten < bytes.byteLength) {
      throw new Error(`${path}: wrote ${bytesWritten} of ${bytes.byteLength} bytes; is the disk full?`);
    }
    await file.sync();
  } finally {
    await file.close();
  }
  // Whoever made the file may have died before its name was durable.
  await syncFolder(nodeFileSystem, folder);
}

/**
 * Reads `failed_checkpoints.txt` of a folder, written by this package or by the reference (whose timestamps carry no
 * offset and mean UTC). Lines that do not parse are reported and skipped. A missing file has no entries.
 */
export async function readFailedCheckpoints(
  folder: string,
): Promise<{ entries: FailedCheckpoint[]; malformed: MalformedLine[] }> {
  const entries: FailedCheckpoint[] = [];
  const malformed: MalformedLine[] = [];
  const lines = (await readTextOrEmpty(join(folder, FAILED_CHECKPOINTS_FILE))).split(/\r?\n/);
  for (const [index, text] of lines.entries()) {
    if (text === '') continue;
    const entry = parseLine(text);
    if (entry) entries.push(entry);
    else malformed.push({ line: index + 1, text });
  }
  return { entries, malformed };
}

/** The reference does not escape `|` in reasons: what lies between the first and the last one is the reason. */
function parseLine(line: string): FailedCheckpoint | undefined {
  const first = line.indexOf('|');
  const last = line.lastIndexOf('|');
  if (first <= 0 || last === first) return undefined;
  const time = line.slice(last + 1);
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)?$/.test(time)) return undefined;
  const hasOffset = /(?:Z|[+-]\d\d:\d\d)$/.test(time);
  return {
    path: unescapeField(line.slice(0, first)),
    reason: unescapeField(line.slice(first + 1, last)),
    timestamp: hasOffset ? time : `${time}+00:00`,
  };
}

function formatTime(time: Date): string {
  return time.toISOString().replace('Z', '+00:00');
}

export function escapeField(text: string): string {
  return text.replaceAll(/[|\r\n]|%(?=7C|0D|0A|25)/gi, (found) => {
    return `%${found.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`;
  });
}

function unescapeField(text: string): string {
  return text.replaceAll(/%(7C|0D|0A|25)/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}

/** Cuts an escaped field without splitting an escape or a character. */
function cutField(escaped: string): string {
  if (Buffer.byteLength(escaped) <= MAX_REASON_BYTES) return escaped;
  const ellipsis = '…';
  let left = MAX_REASON_BYTES - Buffer.byteLength(ellipsis);
  let kept = '';
  for (const [piece] of escaped.matchAll(/%(?:7C|0D|0A|25)|./gsu)) {
    left -= Buffer.byteLength(piece);
    if (left < 0) break;
    kept += piece;
  }
  return kept + ellipsis;
}

/** A crash can leave a line without its end; what follows must not become part of it. */
async function endsTorn(
  file: { read(into: Uint8Array, offset: number, length: number, position: number): Promise<{ bytesRead: number }> },
  size: number,
): Promise<boolean> {
  if (size === 0) return false;
  const last = new Uint8Array(1);
  await file.read(last, 0, 1, size - 1);
  return last[0] !== 0x0a;
}

async function readTextOrEmpty(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw error;
  }
}
