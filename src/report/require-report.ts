import * as path from 'node:path';
import { predictionReportSchema, type ReadPredictionReport } from '../prediction/report-schema.ts';
import { REPORT } from '../run/run-folder.ts';
import { readReport } from '../run/report.ts';
import { runReportSchema, type ReadReport } from '../run/report-schema.ts';

/** Reports of embedding runs do not say what they are: predictions came later. */
export type AnyReport = { kind: 'run'; report: ReadReport } | { kind: 'prediction'; report: ReadPredictionReport };

/** @throws Error where there is no report.json, or it is none that this version reads; errno errors */
export async function requireReport(directory: string): Promise<AnyReport> {
  const report = await readReport(directory);
  const file = path.join(directory, REPORT);
  if (report === undefined) {
    throw new Error(
      `${file} is not there, or is no report: a run writes it when it ends; check the path, or start the run`,
    );
  }
  if ((report as { kind?: unknown }).kind === 'prediction')
    return { kind: 'prediction', report: parse(predictionReportSchema, report, file) };
  return { kind: 'run', report: parse(runReportSchema, report, file) };
}

/** What a schema of zod can do. */
interface Parser<Report> {
  safeParse(value: unknown): { success: true; data: Report } | { success: false; error: { issues: readonly Issue[] } };
}

interface Issue {
  path: readonly PropertyKey[];
  message: string;
}

function parse<Report>(schema: Parser<Report>, report: unknown, file: string): Report {
  const parsed = schema.safeParse(report);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const where = issue?.path.join('.') || 'content';
  throw new Error(`${file} is not a report that this version reads (${where}: ${issue?.message}): start the run again`);
}
