import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FailureType } from '../../../src/contract/failure-types.ts';
import { VirnucproError } from '../../../src/contract/virnucpro-error.ts';
import * as schemas from '../../../src/schemas/contract.ts';
import { parse } from '../../../src/schemas/parse.ts';

const VALID = { contract: 1, directory: '/out', inputs: ['/in'], embedders: [{ name: 'kmer' }] };

describe('parse', () => {
  it('a valid request → itself; unknown fields are dropped', () => {
    const given = { ...VALID, addedLater: 1, embedders: [{ name: 'kmer', alsoLater: true }] };
    expect(parse(schemas.embeddingRunInputSchema, given, 'request')).toEqual(VALID);
  });

  it('several wrong fields → all are named with what was expected', () => {
    const given = { ...VALID, contract: 2, directory: 'out', embedders: [{ name: 'K mer' }] };
    const parsing = () => parse(schemas.embeddingRunInputSchema, given, 'input of embeddingRun');
    expect(parsing).toThrow(expect.objectContaining({ type: FailureType.RunInvalidInput }));
    expect(parsing).toThrow(/input of embeddingRun is not valid: .*contract.*directory: expected an absolute path/su);
    expect(parsing).toThrow(/embedders\.0\.name/u);
  });

  it.each([
    ['inputs file that leaves the folder', { ...VALID, inputsFile: '.virnucpro/inputs/../../x.txt' }],
    ['101 inputs', { ...VALID, inputs: Array.from({ length: 101 }, (_, at) => `/${at}`) }],
    ['a partition of no task', { ...VALID, tuning: { partitionSize: 0 } }],
    ['no embedder', { ...VALID, embedders: [] }],
    ['a run id that is none', { ...VALID, runId: 'x' }],
  ])('%s → refused', (_, given) => {
    expect(() => parse(schemas.embeddingRunInputSchema, given, 'request')).toThrow(VirnucproError);
  });

  it('a task whose spool or segment leaves the folder → refused', () => {
    const task = {
      contract: 1,
      run: { directory: '/out', runId: 'f47ac10b-58cc-4372-a567-0e02b2c3d479' },
      plan: 'a'.repeat(64),
      index: 0,
    };
    const rows = { spool: '.virnucpro/spool/abc', segments: [], rows: 1, dim: 1 };
    const check = (more: object) =>
      parse(schemas.saveCheckpointInputSchema, { ...task, rows: { ...rows, ...more } }, 'x');
    expect(check({})).toMatchObject({ rows });
    for (const spool of ['/etc', '.virnucpro/spool/../../etc', '.virnucpro/spool/..', '.virnucpro/spool/.']) {
      expect(() => check({ spool })).toThrow(VirnucproError);
    }
    for (const name of ['../x', 'a/b', '..', '']) {
      expect(() => check({ segments: [{ name, bytes: 1, crc32: '00000000' }] })).toThrow(VirnucproError);
    }
  });

  it('any JSON at all → a value or RunError.InvalidInput, nothing else', () => {
    const all = Object.values(schemas).filter((schema) => typeof schema === 'object' && 'safeParse' in schema);
    expect(all.length).toBeGreaterThan(5);
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        for (const schema of all) {
          try {
            parse(schema, value, 'value');
          } catch (error) {
            expect(error).toBeInstanceOf(VirnucproError);
          }
        }
      }),
    );
  });
});
