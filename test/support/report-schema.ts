import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { REPOSITORY } from './repository.ts';

const REPORT_SCHEMA = join(REPOSITORY, 'docs', 'schemas', 'report.schema.json');

/** What docs/schemas/report.schema.json has against a report; empty where there is nothing. */
export function reportErrors(report: unknown): unknown[] {
  const validate = new Ajv2020({ strict: true, allowUnionTypes: true, allErrors: true }).compile(
    JSON.parse(readFileSync(REPORT_SCHEMA, 'utf8')) as object,
  );
  return validate(report) ? [] : (validate.errors ?? []);
}
