import * as fs from 'node:fs/promises';
import * as path from 'node:path';
import { replaceFile } from '../run/atomic-file.ts';
import { runReportTask } from './report-pool.ts';

/** In the run folder, beside report.json. */
const PAGE = 'report.html';

/** A page takes a second, or ten where rows are wide and storage is slow; nobody waits longer for a picture. */
const MAX_MS = 60_000;

/**
 * Makes DIR/report.html from DIR/report.json and what lies beside it, replacing the page that is there.
 *
 * @returns path of the page
 * @throws Error where there is no report.json that this version reads; errno errors; the reason of `signal`
 */
export async function makeReportPage(directory: string, signal?: AbortSignal): Promise<string> {
  const timeout = AbortSignal.timeout(MAX_MS);
  const either = signal === undefined ? timeout : AbortSignal.any([signal, timeout]);
  const html = await runReportTask('page', { directory, madeAt: new Date() }, either);
  const page = path.join(directory, PAGE);
  await replaceFile(page, html);
  return page;
}

/** A page that could not be replaced shows a run that is over. */
export async function removeReportPage(directory: string): Promise<void> {
  await fs.rm(path.join(directory, PAGE), { force: true });
}
