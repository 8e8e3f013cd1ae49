import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { slug } from 'github-slugger';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { readSections } from '../support/markdown.ts';
import { alertRules, dashboardPanels } from '../support/observability-files.ts';
import { parseQuery } from '../support/promql.ts';
import { REPOSITORY } from '../support/repository.ts';

const run = promisify(execFile);
const FOLDER = join(REPOSITORY, 'deploy', 'prometheus');

/** Debian: apt-get install prometheus. */
const hasPromtool = await run('promtool', ['--version']).then(
  () => true,
  () => false,
);
const skipped = hasPromtool ? '' : ' (skipped: no promtool on PATH; Debian: apt-get install prometheus)';

describe('deploy/prometheus', () => {
  it.skipIf(!hasPromtool).each([
    ['check', 'config', 'prometheus.yml'],
    ['check', 'rules', 'alerts.yml'],
    ['test', 'rules', 'alerts.test.yml'],
  ])(`promtool %s %s %s → sound${skipped}`, async (...args) => {
    expect((await run('promtool', args, { cwd: FOLDER })).stdout).toContain('SUCCESS');
  });

  it('every alert → fires in one test, so that none is there that nobody has seen', () => {
    const tests = readFileSync(join(FOLDER, 'alerts.test.yml'), 'utf8');
    const firing = new Set([...tests.matchAll(/alertname="(?<name>\w+)"/gu)].map(({ groups }) => groups?.['name']));
    expect(alertRules().filter(({ alert }) => !firing.has(alert))).toEqual([]);
  });

  it.each(alertRules())('$alert → severity, what is wrong, and a heading of the runbook', ({ labels, annotations }) => {
    expect(['critical', 'warning', 'info']).toContain(labels.severity);
    expect(annotations.summary).not.toBe('');
    expect(annotations.description).not.toBe('');
    const [page = '', anchor = ''] = annotations.runbook_url.split('#');
    const sections = readSections(readFileSync(join(REPOSITORY, page), 'utf8'));
    expect(sections.map(({ heading }) => slug(heading))).toContain(anchor);
  });
});

describe('parseQuery, by which queries are held against what is exported', () => {
  it('a query → its metrics, what they are matched by, and the labels of each grouping', () => {
    const query =
      'sum by (a) (rate(x_total{b="1", c!~"2|3"}[5m])) / on (a) y and label_replace(z, "d", "$1", "e", "(.+)")';
    expect(parseQuery(query)).toEqual({
      metrics: [
        {
          name: 'x_total',
          matchers: [
            { label: 'b', operator: '=', value: '1' },
            { label: 'c', operator: '!~', value: '2|3' },
          ],
        },
        { name: 'y', matchers: [] },
        { name: 'z', matchers: [] },
      ],
      groupings: [
        { labels: ['a'], metrics: ['x_total'] },
        { labels: ['a'], metrics: ['x_total', 'y'] },
      ],
      made: ['d'],
    });
  });

  it('what is no PromQL → an error', () => {
    expect(() => parseQuery('sum by (a) rate(x_total[5m]')).toThrow(/no PromQL at/u);
  });
});

describe('deploy/grafana', () => {
  it('every panel with queries → a title, a description and PromQL', () => {
    for (const { title, type, description, targets = [] } of dashboardPanels()) {
      if (type === 'row') continue;
      expect([title, description ?? '']).not.toContain('');
      expect(targets.length).toBeGreaterThan(0);
      for (const { expr } of targets) {
        const plain = expr.replaceAll('$__rate_interval', '5m');
        expect(parseQuery(plain).metrics.length).toBeGreaterThan(0);
      }
    }
  });

  it('provisioning → the data source that Prometheus is, and the folder that the dashboard is mounted in', () => {
    const read = (...names: string[]) =>
      parse(readFileSync(join(REPOSITORY, 'deploy', 'grafana', 'provisioning', ...names), 'utf8')) as Record<
        string,
        Record<string, unknown>[]
      >;
    expect(read('datasources', 'prometheus.yml')['datasources']?.[0]).toMatchObject({
      type: 'prometheus',
      url: 'http://prometheus:9090',
    });
    expect(read('dashboards', 'virnucpro.yml')['providers']?.[0]).toMatchObject({
      options: { path: '/var/lib/grafana/dashboards' },
    });
  });
});
