import { hostname } from 'node:os';
import type { Diagnosis } from '../../schemas/doctor.ts';
import { packageVersion } from '../../platform/package-facts.ts';
import type { Finding } from './finding.ts';

/** The document of `--json`: findings with their counts. */
export function diagnose(directory: string, findings: Finding[], now: Date = new Date()): Diagnosis {
  const count = (wanted: Finding['status']) => findings.filter(({ status }) => status === wanted).length;
  return {
    schema: 1,
    version: packageVersion(),
    host: hostname(),
    checkedAt: now.toISOString(),
    directory,
    healthy: count('problem') === 0,
    problems: count('problem'),
    warnings: count('warning'),
    findings,
  };
}
