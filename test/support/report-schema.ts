import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { REPOSITORY } from './repository.ts';

/** What docs/schemas/{name}.schema.json has against a report; empty where there is nothing. */
export function reportErrors(report: unknown, name: 'report' | 'prediction-report' = 'report'): unknown[] {
  const schema = join(REPOSITORY, 'docs', 'schemas', `${name}.schema.json`);
  const validate = new Ajv2020({ strict: true, allowUnionTypes: true, allErrors: true }).compile(
    JSON.parse(readFileSync(schema, 'utf8')) as object,
  );
  return validate(report) ? [] : (validate.errors ?? []);
}
