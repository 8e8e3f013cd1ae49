import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { CHECKS, diagnosisSchema } from '../../src/schemas/doctor.ts';
import { readSections } from '../support/markdown.ts';
import { REPOSITORY } from '../support/repository.ts';

const text = readFileSync(join(REPOSITORY, 'docs', 'doctor.md'), 'utf8');
const sections = readSections(text);

describe('docs/doctor.md', () => {
  it('its table of checks → those that there are, in the order of the report', () => {
    const table = text.slice(text.indexOf('| `check`'), text.indexOf('## JSON'));
    const names = [...table.matchAll(/^\| `([a-z-]+)` +\| /gmu)].map(([, name]) => name);
    expect(names).toEqual(['check', ...CHECKS]);
  });

  it('its table of statuses → those that there are', () => {
    const statuses = [...text.matchAll(/^\| `.`  \| `([a-z]+)`/gmu)].map(([, status]) => status);
    expect(statuses).toEqual(diagnosisSchema.shape.findings.element.shape.status.options);
  });

  it('its example → valid by the schema, with every field', () => {
    const [example] = sections.flatMap(({ fences }) => fences).filter(({ language }) => language === 'json');
    const parsed = diagnosisSchema.strict().parse(JSON.parse(example?.text ?? ''));
    expect(Object.keys(parsed).toSorted()).toEqual(Object.keys(diagnosisSchema.shape).toSorted());
  });
});
