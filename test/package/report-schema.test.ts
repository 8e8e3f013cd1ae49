import { describe, expect, it } from 'vitest';
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
