import * as path from 'node:path';
import { REPORT } from '../run/run-folder.ts';
import { readReport } from '../run/report.ts';
import { runReportSchema, type ReadReport } from '../run/report-schema.ts';

/** @throws Error where there is no report.json, or it is none that this version reads; errno errors */
export async function requireReport(directory: string): Promise<ReadReport> {
  const report = await readReport(directory);
  const file = path.join(directory, REPORT);
  if (report === undefined) {
    throw new Error(
      `${file} is not there, or is no report: a run writes it when it ends; check the path, or start the run`,
    );
  }
  const parsed = runReportSchema.safeParse(report);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const where = issue?.path.join('.') || 'content';
  throw new Error(`${file} is not a report that this version reads (${where}: ${issue?.message}): start the run again`);
}
