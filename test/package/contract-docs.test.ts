import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { createActivities } from '../../src/activities/create-activities.ts';
import { embedActivityOptions, ioActivityOptions, saveActivityOptions } from '../../src/contract/activity-options.ts';
import { FailureType, NON_RETRYABLE_FAILURE_TYPES } from '../../src/contract/failure-types.ts';
import * as names from '../../src/contract/names.ts';
import { EXIT_CODES } from '../../src/contract/outcome.ts';
import { MAX_REASON_LENGTH, MAX_REPORTED_FAILURES } from '../../src/contract/partition.ts';
import { ResidentEmbedders } from '../../src/embedders/index.ts';
import * as schemas from '../../src/schemas/contract.ts';
import * as prediction from '../../src/schemas/prediction.ts';
import { readSections, withoutMarkup, type Section } from '../support/markdown.ts';

const source = (path: string) => readFileSync(fileURLToPath(new URL(`../../${path}`, import.meta.url)), 'utf8');
const document = source('docs/contract.md');
const sections = readSections(document);

const { embeddingRunInputSchema, finishRunInputSchema, planSummarySchema, saveCheckpointInputSchema } = schemas;
const embedFileResultSchema = saveCheckpointInputSchema.shape.rows;
const planRangeSchema = planSummarySchema.shape.ranges.element;

/** Which section describes which schema. */
const SCHEMA_SECTIONS: Readonly<Record<string, z.ZodObject>> = {
  'Input of embeddingRun': embeddingRunInputSchema,
  'Input of checkCompatibility': schemas.checkCompatibilityInputSchema,
  'Input of planRun': schemas.planRunInputSchema,
  'Input of embedFile': schemas.taskInputSchema,
  'Input of saveCheckpoint': saveCheckpointInputSchema,
  'Input of validateCheckpoint': schemas.validateCheckpointInputSchema,
  'Input of finishRun': finishRunInputSchema,
  'Input of predictVirus': prediction.predictVirusInputSchema,
  'Input of checkPrediction': prediction.checkPredictionInputSchema,
  'Input of a stage of predictVirus': prediction.predictionStageInputSchema,
  'Input of mergeEmbeddings': prediction.mergeEmbeddingsInputSchema,
  'Input of finishPrediction': prediction.finishPredictionInputSchema,
  EmbeddingTotals: prediction.embeddingTotalsSchema,
  RunReference: schemas.runReferenceSchema,
  PlanSummary: planSummarySchema,
  PlanRange: planRangeSchema,
  EmbedFileResult: embedFileResultSchema,
};

/** Which section describes which interface: results have no schema, since we make them ourselves. */
const INTERFACE_SECTIONS: Readonly<Record<string, readonly [file: string, name: string]>> = {
  RunOutcome: ['src/contract/outcome.ts', 'RunOutcome'],
  'Query progress': ['src/contract/progress.ts', 'RunProgress'],
  'Heartbeat of embedFile': ['src/contract/progress.ts', 'EmbedHeartbeat'],
  'Input of embedPartition': ['src/contract/partition.ts', 'EmbedPartitionInput'],
  'Result of checkCompatibility': ['src/contract/activities.ts', 'CheckCompatibilityResult'],
  'Result of saveCheckpoint': ['src/contract/activities.ts', 'SaveCheckpointResult'],
  'Result of validateCheckpoint': ['src/contract/activities.ts', 'ValidateCheckpointResult'],
  RunRequest: ['src/contract/run-request.ts', 'RunRequest'],
  PredictionOutcome: ['src/contract/prediction.ts', 'PredictionOutcome'],
  'Query progress of predictVirus': ['src/contract/prediction.ts', 'PredictionProgress'],
  OpenInput: ['src/contract/prediction.ts', 'OpenInput'],
  SideRun: ['src/contract/prediction.ts', 'SideRun'],
  'Result of checkPrediction': ['src/contract/prediction.ts', 'CheckedPrediction'],
  'Heartbeat of a stage of predictVirus': ['src/contract/prediction.ts', 'StageHeartbeat'],
  'report.json': ['src/run/report.ts', 'RunReport'],
  'Checkpoints in report.json': ['src/run/tally.ts', 'TaskReport'],
};

/** Shapes with a section of their own, so that the tables which refer to them stop there. */
const REFERENCES: ReadonlyMap<z.ZodType, string> = new Map<z.ZodType, string>([
  [schemas.runReferenceSchema, 'RunReference'],
  [finishRunInputSchema.shape.run, 'RunReference'],
  [planSummarySchema, 'PlanSummary'],
  [prediction.embeddingTotalsSchema, 'EmbeddingTotals'],
  [planRangeSchema, 'PlanRange'],
  [embedFileResultSchema, 'EmbedFileResult'],
]);

const PATTERNS: Readonly<Record<string, string>> = {
  '^\\/': 'absolute path',
  '^[0-9a-f]{64}$': 'SHA-256, 64 lower-case hex digits',
  '^[0-9a-f]{8}$': '8 lower-case hex digits',
  '^[\\w-][\\w.-]*$': 'file name',
  '^[a-z0-9][a-z0-9-]*$': 'lower-case letters, digits and dashes',
  '^\\.virnucpro\\/inputs\\/[0-9a-f]{64}\\.txt$': '.virnucpro/inputs/<sha256>.txt',
  '^\\.virnucpro\\/spool\\/[\\w-][\\w.-]*$': '.virnucpro/spool/<task>',
};

/** Sections on how a workflow ends; its outcome has one of its own. */
const ENDINGS: ReadonlySet<string> = new Set(['Result of embeddingRun', 'Result of predictVirus']);

describe('docs/contract.md', () => {
  it.each(Object.entries(SCHEMA_SECTIONS))(
    '%s → every field with its type and limits, and no other',
    (name, schema) => {
      expect(documentedFields(section(name))).toEqual(fieldsOf(schema));
    },
  );

  it.each(Object.entries(INTERFACE_SECTIONS))('%s → every field of the type, and no other', (name, [file, type]) => {
    const documented = documentedFields(section(name)).map(({ path, required }) => ({ path, required }));
    expect(documented).toEqual(interfaceFields(file, type));
  });

  it('Result of embedPartition → totals, and failures with the limits of the code', () => {
    const text = section('Result of embedPartition');
    const totals = interfaceFields('src/contract/run-request.ts', 'PartitionTotals').map(({ path }) => path);
    expect(new Set(documentedFields(text).map(({ path }) => path))).toEqual(new Set([...totals, 'failures']));
    const meaning = text.tables[0]?.find(([field]) => field === '`failures`')?.at(-1);
    expect(meaning).toContain(`first ${MAX_REPORTED_FAILURES}`);
    expect(meaning).toContain(`at ${MAX_REASON_LENGTH} characters`);
  });

  it('Results of the stages → every field of every one, and no other', () => {
    const contract = 'src/contract/prediction.ts';
    const results: [activity: string, type: string][] = [
      ['all', 'StageResult'],
      ['chunkSequences', 'ChunkSequencesResult'],
      ['translateFrames', 'TranslateFramesResult'],
      ['splitSequences', 'SplitSequencesResult'],
      ['mergeEmbeddings', 'MergeEmbeddingsResult'],
      ['classifySequences', 'ClassifySequencesResult'],
      ['callConsensus', 'CallConsensusResult'],
    ];
    const fields = results.flatMap(([activity, type]) =>
      interfaceFields(contract, type).map(({ path }) => [activity, path]),
    );
    const rows = section('Results of the stages of predictVirus').tables[0]?.slice(1) ?? [];
    expect(rows.map(([activity = '', field = '']) => [withoutMarkup(activity), withoutMarkup(field)])).toEqual(fields);
  });

  it('its sections on inputs and results → exactly those that are checked here', () => {
    const described = sections
      .map(({ heading }) => heading)
      .filter((heading) => /^(?:Input|Result|Heartbeat) of /u.test(heading) && !ENDINGS.has(heading));
    const checked = [...Object.keys(SCHEMA_SECTIONS), ...Object.keys(INTERFACE_SECTIONS), 'Result of embedPartition'];
    expect(described.filter((heading) => !checked.includes(heading))).toEqual([]);
  });

  it('examples → pass the schemas, and hold no field that they ignore', () => {
    const byName: Readonly<Record<string, z.ZodType>> = {
      embeddingRunInput: embeddingRunInputSchema,
      checkCompatibilityInput: schemas.checkCompatibilityInputSchema,
      planRunInput: schemas.planRunInputSchema,
      taskInput: schemas.taskInputSchema,
      saveCheckpointInput: saveCheckpointInputSchema,
      validateCheckpointInput: schemas.validateCheckpointInputSchema,
      finishRunInput: finishRunInputSchema,
      planSummary: planSummarySchema,
      predictVirusInput: prediction.predictVirusInputSchema,
      predictionStageInput: prediction.predictionStageInputSchema,
    };
    const examples = jsonFences('schema');
    expect(new Set(examples.map(({ name }) => name))).toEqual(new Set(Object.keys(byName)));
    for (const { name, value } of examples) expect(byName[name]?.parse(value)).toEqual(value);
  });

  it('the request inside the example of checkCompatibility, and the commands → are requests', () => {
    const [example] = jsonFences('schema').filter(({ name }) => name === 'checkCompatibilityInput');
    embeddingRunInputSchema.parse(example?.value['request']);
    const [shell] = section('Start a run from another language').fences;
    const input = /--input '(?<json>[^']+)'/u.exec(shell?.text ?? '')?.groups?.['json'];
    expect(embeddingRunInputSchema.parse(JSON.parse(input ?? ''))).toEqual(JSON.parse(input ?? ''));
  });

  it('examples of types without a schema → have the fields of the type', () => {
    const files: Readonly<Record<string, string>> = {
      RunOutcome: 'src/contract/outcome.ts',
      RunProgress: 'src/contract/progress.ts',
      EmbedPartitionInput: 'src/contract/partition.ts',
      PredictionOutcome: 'src/contract/prediction.ts',
      PredictionProgress: 'src/contract/prediction.ts',
    };
    const examples = jsonFences('type');
    expect(new Set(examples.map(({ name }) => name))).toEqual(new Set(Object.keys(files)));
    for (const { name, value } of examples) {
      const fields = interfaceFields(files[name] ?? '', name);
      const known = new Set(fields.map(({ path }) => path));
      expect(Object.keys(value).filter((key) => !known.has(key))).toEqual([]);
      expect(fields.filter(({ path, required }) => required && !(path in value))).toEqual([]);
    }
  });

  it('outcomes → those of the code, with their exit codes, in the table and in the examples', () => {
    const rows = section('Result of embeddingRun').tables[0]?.slice(1) ?? [];
    const table = Object.fromEntries(rows.map(([outcome = '', code]) => [withoutMarkup(outcome), Number(code)]));
    expect(table).toEqual(EXIT_CODES);
    for (const { name, value } of jsonFences('type')) {
      if (name === 'RunOutcome')
        expect(value['exitCode']).toBe(EXIT_CODES[value['outcome'] as keyof typeof EXIT_CODES]);
    }
  });

  it('failure types → all of them, with their retryability, and none that does not exist', () => {
    const rows = section('Failure types').tables[0]?.slice(1) ?? [];
    const table = rows.map(([type = '', retryable]) => [withoutMarkup(type), retryable]);
    const expected = Object.values(FailureType).map((type) => [
      type,
      NON_RETRYABLE_FAILURE_TYPES.includes(type) ? 'no' : 'yes',
    ]);
    expect(table).toEqual(expected);
    const mentioned = document.match(/\b(?:Checkpoint|Embedding|Run)Error\.[A-Za-z]+/gu) ?? [];
    expect(mentioned.filter((type) => !(Object.values(FailureType) as string[]).includes(type))).toEqual([]);
  });

  it('names on the wire → those of the code, and none that does not exist', () => {
    const activities = Object.keys(
      createActivities({ embedders: new ResidentEmbedders(), server: { address: '', namespace: '' } }),
    );
    const table = new Map(section('Names').tables[0]?.map(([what = '', name = '']) => [what, codes(name)]));
    expect(table.get('Workflows')).toEqual([
      names.WORKFLOW_EMBEDDING_RUN,
      names.WORKFLOW_EMBED_PARTITION,
      names.WORKFLOW_PREDICT_VIRUS,
    ]);
    expect(table.get('Activities')).toEqual(activities);
    expect(table.get('Query of `embeddingRun` and `predictVirus`')).toEqual([names.QUERY_PROGRESS]);
    expect(table.get('Signals of all workflows')).toEqual([names.SIGNAL_PAUSE, names.SIGNAL_RESUME]);
    expect(table.get('Signal from a partition to its run, not for users')).toEqual([names.SIGNAL_PARTITION_PROGRESS]);
    expect(table.get('Task queue of workflows and of all activities but `embedFile`')).toEqual([names.IO_TASK_QUEUE]);
    const [pattern, example] = table.get('Task queue of `embedFile`') ?? [];
    expect([pattern, example]).toEqual([names.gpuTaskQueue('<embedder>'), names.gpuTaskQueue('kmer')]);
    expect(
      section('Activities')
        .tables[0]?.slice(1)
        .map(([name = '']) => withoutMarkup(name)),
    ).toEqual(activities);
  });

  it('workflow id and memo → those of the code', () => {
    const id = names.runWorkflowId('86b16b7b-4668-4faa-93f7-ab05e3ab2a18');
    expect(id).toBe('virnucpro-86b16b7b4668');
    expect(section('Names').tables[0]?.map(([what]) => what)).toContain(
      'Workflow id of the run or prediction in a folder',
    );
    const [memo] = codes(section('Names').tables[0]?.find(([what]) => what?.startsWith('Memo'))?.[1] ?? '');
    expect(source('src/client/start-workflow.ts')).toContain(`'${memo}'`);
    const keys = ['src/client/prepare-run.ts', 'src/client/prepare-prediction.ts'].flatMap((file) => {
      const digest = /function digestOf[\s\S]*?return \{(?<body>[\s\S]*?)\n {2}\};/u.exec(source(file));
      const found = [...(digest?.groups?.['body'] ?? '').matchAll(/^ {4}'?(?<key>[a-z ]+)'?:/gmu)];
      expect(found.length).toBeGreaterThan(3);
      return found.map(({ groups }) => groups?.['key']);
    });
    for (const key of keys) expect(section('Start a run from another language').prose).toContain(`\`${key}\``);
  });

  it('options of the activities → those of the code', () => {
    const io = ioActivityOptions(15_000);
    const gpu = embedActivityOptions(15_000, 'queue', 'run');
    const table = section('Options of the activities').tables[0] ?? [];
    const row = (name: string) => table.find(([head]) => head === name)?.slice(1);
    expect(row('start-to-close')).toEqual([io.startToCloseTimeout, gpu.startToCloseTimeout]);
    expect(row('attempts')?.[0]).toMatch(new RegExp(`^${io.retry?.maximumAttempts};`, 'u'));
    const more = saveActivityOptions(15_000).retry?.nonRetryableErrorTypes ?? [];
    const only = more.filter((type) => !io.retry?.nonRetryableErrorTypes?.includes(type));
    expect(row('attempts')?.[0]).toContain(`\`saveCheckpoint\` is not retried on \`${only.join('`, `')}\``);
    expect(row('attempts')?.[1]).toMatch(/^no limit/u);
    expect(gpu.retry?.maximumAttempts).toBeUndefined();
    for (const { retry } of [io, gpu]) {
      const text = `${retry?.initialInterval}, doubling to ${retry?.maximumInterval}`;
      expect(row('retry interval')).toContain(text);
      expect(retry?.backoffCoefficient).toBe(2);
    }
  });
});

interface Field {
  path: string;
  required: boolean;
  type?: string;
}

function section(heading: string): Section {
  const found = sections.filter((one) => one.heading === heading);
  expect(found, `sections named "${heading}"`).toHaveLength(1);
  return found[0] as Section;
}

function documentedFields({ tables }: Section): Field[] {
  const [head, ...rows] = tables[0] ?? [];
  expect(head?.slice(0, 3)).toEqual(['Field', 'Type', 'Required']);
  return rows.map(([path = '', type = '', required]) => {
    return { path: withoutMarkup(path), type: withoutMarkup(type), required: required === 'yes' };
  });
}

function jsonFences(attribute: string): { name: string; value: Record<string, unknown> }[] {
  return sections.flatMap(({ fences }) =>
    fences.flatMap(({ language, attributes, text }) => {
      const name = attributes.get(attribute);
      if (language !== 'json' || name === undefined) return [];
      return [{ name, value: JSON.parse(text) as Record<string, unknown> }];
    }),
  );
}

/** Texts between backticks. */
function codes(text: string): string[] {
  return [...text.matchAll(/`(?<code>[^`]+)`/gu)].map(({ groups }) => groups?.['code'] ?? '');
}

/** Fields of a schema as the tables write them, those of objects inside it by dotted path. */
function fieldsOf(schema: z.ZodObject, prefix = ''): Field[] {
  return Object.entries(schema.shape).flatMap(([name, value]) => {
    const path = `${prefix}${name}`;
    const inner = unwrapped(value as z.ZodType);
    const required = inner === value;
    const field = { path, required, type: typeText(inner) };
    if (REFERENCES.has(inner)) return [field];
    if (inner instanceof z.ZodObject) return [field, ...fieldsOf(inner, `${path}.`)];
    const element = inner instanceof z.ZodArray ? (inner.element as z.ZodType) : undefined;
    if (element instanceof z.ZodObject && !REFERENCES.has(element)) return [field, ...fieldsOf(element, `${path}[].`)];
    return [field];
  });
}

function unwrapped(schema: z.ZodType): z.ZodType {
  return schema instanceof z.ZodOptional ? (schema.unwrap() as z.ZodType) : schema;
}

/** A schema in the words of the tables. */
function typeText(schema: z.ZodType): string {
  const reference = REFERENCES.get(schema);
  if (reference !== undefined) return reference;
  if (schema instanceof z.ZodArray) {
    const { minItems, maxItems } = z.toJSONSchema(schema);
    const limits = maxItems === undefined ? '' : ` (${minItems ?? 0} to ${maxItems})`;
    return `list of ${typeText(schema.element as z.ZodType)}${limits}`;
  }
  return jsonTypeText(z.toJSONSchema(schema, { io: 'input' }));
}

function jsonTypeText(json: z.core.JSONSchema.BaseSchema): string {
  if (json.const !== undefined) return String(json.const);
  if (json.enum !== undefined) return `${json.enum.slice(0, -1).join(', ')} or ${json.enum.at(-1)}`;
  if (json.type === 'integer') return integerText(json.minimum ?? 0, json.maximum ?? Number.MAX_SAFE_INTEGER);
  if (json.type === 'object') return json.propertyNames === undefined ? 'object' : 'object of string';
  if (json.type !== 'string') return typeof json.type === 'string' ? json.type : 'anything';
  if (json.format === 'uuid') return 'UUID';
  if (json.pattern !== undefined) return PATTERNS[json.pattern] ?? `pattern ${json.pattern}`;
  return json.maxLength === undefined ? 'string' : `string of ${json.minLength} to ${json.maxLength} characters`;
}

function integerText(minimum: number, maximum: number): string {
  if (maximum === Number.MAX_SAFE_INTEGER) return `integer ≥ ${minimum}`;
  return `integer ${minimum.toLocaleString('en-US')} to ${maximum.toLocaleString('en-US')}`;
}

/** Own fields of an interface, read from its source: types are gone at run time. */
function interfaceFields(file: string, name: string): Field[] {
  const body = new RegExp(`export interface ${name}(?: extends [^{]+)? \\{\\n(?<body>[\\s\\S]*?)\\n\\}`, 'u').exec(
    source(file),
  );
  expect(body, `interface ${name} in ${file}`).not.toBeNull();
  return [...(body?.groups?.['body'] ?? '').matchAll(/^ {2}(?<path>\w+)(?<optional>\?)?:/gmu)].map(({ groups }) => {
    return { path: groups?.['path'] ?? '', required: groups?.['optional'] === undefined };
  });
}
