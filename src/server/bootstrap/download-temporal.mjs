import { createWriteStream } from 'node:fs';
import { mkdtemp, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { runCommand } from './run-command.mjs';

/** Where the Temporal SDKs fetch their development server. */
export const DOWNLOAD_BASE = 'https://temporal.download';

/** A machine without internet access must learn that quickly. */
const ANSWER_TIMEOUT_MS = 5_000;
const BODY_TIMEOUT_MS = 300_000;

const ARCHITECTURES = new Map([
  ['x64', 'amd64'],
  ['arm64', 'arm64'],
]);

/**
 * Downloads the Temporal CLI the way the SDK's native core does: the service names an archive and the file in it.
 *
 * @param {{ version: string, target: string, base?: string }} request `target`: path of the executable, replaced atomically
 * @returns {Promise<void>}
 * @throws {Error} if this platform has no archive, the service does not answer in time, or the archive does not unpack
 */
export async function downloadTemporal({ version, target, base = DOWNLOAD_BASE }) {
  const arch = ARCHITECTURES.get(process.arch);
  if (arch === undefined || !['linux', 'darwin'].includes(process.platform)) {
    throw new Error(`no archive for ${process.platform}/${process.arch}`);
  }
  const info = await fetchInfo(`${base}/cli/${version}?arch=${arch}&platform=${process.platform}`);
  const folder = await mkdtemp(join(dirname(target), '.download-'));
  try {
    const archive = join(folder, 'archive.tar.gz');
    await fetchTo(info.archiveUrl, archive);
    const unpacked = await runCommand('tar', ['-xzf', archive, '-C', folder, info.fileToExtract]);
    if (unpacked.status !== 0) throw new Error(`tar cannot unpack ${info.archiveUrl}: ${unpacked.output}`);
    await rename(join(folder, info.fileToExtract), target);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/**
 * @param {string} url
 * @returns {Promise<{ archiveUrl: string, fileToExtract: string }>}
 */
async function fetchInfo(url) {
  const answer = await fetch(url, { signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS) });
  if (!answer.ok) throw new Error(`${url} answered ${answer.status}`);
  /** @type {unknown} */
  const info = await answer.json();
  if (!isDownloadInfo(info)) throw new Error(`${url} answered without archiveUrl and fileToExtract`);
  return info;
}

/**
 * @param {unknown} info
 * @returns {info is { archiveUrl: string, fileToExtract: string }}
 */
function isDownloadInfo(info) {
  if (typeof info !== 'object' || info === null) return false;
  return (
    'archiveUrl' in info &&
    typeof info.archiveUrl === 'string' &&
    'fileToExtract' in info &&
    typeof info.fileToExtract === 'string'
  );
}

/**
 * @param {string} url
 * @param {string} path
 */
async function fetchTo(url, path) {
  const answer = await fetch(url, { signal: AbortSignal.timeout(BODY_TIMEOUT_MS) });
  if (!answer.ok || answer.body === null) throw new Error(`${url} answered ${answer.status}`);
  await pipeline(Readable.fromWeb(answer.body), createWriteStream(path));
}
