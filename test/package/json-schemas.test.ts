import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { beforeAll, describe, expect, it } from 'vitest';
import { jsonSchemas, SCHEMA_FOLDER } from '../../scripts/lib/json-schemas.mjs';
import { readSections } from '../support/markdown.ts';
import { REPOSITORY } from '../support/repository.ts';

const contract = readFileSync(join(REPOSITORY, 'docs', 'contract.md'), 'utf8');

/** Names that the examples of docs/contract.md have, where they are not those of the files. */
const NAMES: Readonly<Record<string, string>> = {
  embeddingRunInput: 'embedding-run-input',
  checkCompatibilityInput: 'check-compatibility-input',
  planRunInput: 'plan-run-input',
  taskInput: 'embed-file-input',
  saveCheckpointInput: 'save-checkpoint-input',
  validateCheckpointInput: 'validate-checkpoint-input',
  finishRunInput: 'finish-run-input',
  planSummary: 'plan-summary',
  RunOutcome: 'run-outcome',
  predictVirusInput: 'predict-virus-input',
  predictionStageInput: 'prediction-stage-input',
  PredictionOutcome: 'prediction-outcome',
  PredictionProgress: 'prediction-progress',
  RunProgress: 'run-progress',
};

const examples = readSections(contract).flatMap(({ fences }) =>
  fences.flatMap(({ attributes, text }) => {
    const name = NAMES[attributes.get('schema') ?? attributes.get('type') ?? ''];
    return name === undefined ? [] : [{ name, value: JSON.parse(text) as Record<string, unknown> }];
  }),
);

describe('docs/schemas', () => {
  let made: Record<string, object> = {};
  beforeAll(async () => {
    made = await jsonSchemas();
  });
  const validator = (name: string) => {
    const ajv = new Ajv2020({ allErrors: true });
    addFormats.default(ajv);
    return ajv.compile(JSON.parse(readFileSync(join(SCHEMA_FOLDER, `${name}.schema.json`), 'utf8')) as object);
  };

  it('the files → what the code checks; when not: npm run schemas', () => {
    const files = readdirSync(SCHEMA_FOLDER).filter((name) => name.endsWith('.schema.json'));
    expect(files.toSorted()).toEqual(
      Object.keys(made)
        .map((name) => `${name}.schema.json`)
        .toSorted(),
    );
    for (const [name, schema] of Object.entries(made)) {
      const text = readFileSync(join(SCHEMA_FOLDER, `${name}.schema.json`), 'utf8');
      expect([name, JSON.parse(text)]).toEqual([name, schema]);
    }
  });

  it('the examples of docs/contract.md → valid, one at least for each name', () => {
    expect(new Set(examples.map(({ name }) => name))).toEqual(new Set(Object.values(NAMES)));
    for (const { name, value } of examples) {
      const validate = validator(name);
      validate(value);
      expect([name, validate.errors]).toEqual([name, null]);
    }
  });

  it('a field that is not known → let through; one that is wrong or missing → refused, named', () => {
    const validate = validator('embedding-run-input');
    const [{ value }] = examples.filter(({ name }) => name === 'embedding-run-input') as [(typeof examples)[0]];
    expect(validate({ ...value, invented: 1 })).toBe(true);
    expect(validate({ ...value, directory: 'relative', embedders: undefined, chunkLength: 0 })).toBe(false);
    const named = validate.errors?.map(({ instancePath, params }) => instancePath || String(params['missingProperty']));
    expect(new Set(named)).toEqual(new Set(['/directory', 'embedders', '/chunkLength']));
  });

  it('docs/contract.md → links to every one of them, and to none that does not exist', () => {
    const linked = [...contract.matchAll(/\]\(schemas\/(?<name>[a-z-]+)\.schema\.json\)/gu)].map(
      ({ groups }) => groups?.['name'] ?? '',
    );
    expect(linked.filter((name) => !existsSync(join(SCHEMA_FOLDER, `${name}.schema.json`)))).toEqual([]);
    expect(new Set([...linked, 'doctor'])).toEqual(new Set(Object.keys(made)));
  });
});
