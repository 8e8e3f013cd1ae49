import { describe, expect, it } from 'vitest';
import { predictionSources } from '../support/prediction-sources.ts';
import { reportErrors } from '../support/report-schema.ts';
import { syntheticSources } from '../support/report-sources.ts';

describe('docs/schemas/report.schema.json', () => {
  it('a report, and one with fields of a later version → accepted', () => {
    const { report } = syntheticSources({ files: 3, troubleEvery: 2 });
    expect(reportErrors(report)).toEqual([]);
    expect(reportErrors({ ...report, later: { field: 1 } })).toEqual([]);
  });

  it('a report without its outcome, or with a digest that is none → refused', () => {
    const { report } = syntheticSources({ files: 1 });
    const { outcome: _, ...without } = report;
    expect(reportErrors(without)).not.toEqual([]);
    const [checkpoint] = report.checkpoints;
    expect(reportErrors({ ...report, checkpoints: [{ ...checkpoint, sha256: 'x' }] })).not.toEqual([]);
  });
});

describe('docs/schemas/prediction-report.schema.json', () => {
  it('a report, and one with fields of a later version → accepted', () => {
    const { report } = predictionSources({ inputs: 3, contigs: 20, troubleEvery: 2 });
    expect(reportErrors(report, 'prediction-report')).toEqual([]);
    expect(reportErrors({ ...report, later: { field: 1 } }, 'prediction-report')).toEqual([]);
  });

  it('the report of an embedding run, or one with a stage that is none → refused', () => {
    expect(reportErrors(syntheticSources({ files: 1 }).report, 'prediction-report')).not.toEqual([]);
    const { report } = predictionSources({ inputs: 1, contigs: 1 });
    const [prediction] = report.predictions;
    const stages = [{ ...prediction?.stages[0], stage: 'guessing' }];
    const predictions = [{ ...prediction, stages }];
    expect(reportErrors({ ...report, predictions }, 'prediction-report')).not.toEqual([]);
  });
});
