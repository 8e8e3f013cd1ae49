import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { REPOSITORY } from './repository.ts';

/** A query of a file in deploy/, with what a reader sees of it. */
export interface ShippedQuery {
  where: string;
  expression: string;
  /** Labels that its legend names. */
  legend: string[];
}

export interface AlertRule {
  alert: string;
  expr: string;
  labels: { severity: string };
  annotations: { summary: string; description: string; runbook_url: string };
}

interface Panel {
  title: string;
  type: string;
  description?: string;
  targets?: { expr: string; legendFormat: string }[];
}

export const DASHBOARD = join(REPOSITORY, 'deploy', 'grafana', 'virnucpro.json');
export const ALERTS = join(REPOSITORY, 'deploy', 'prometheus', 'alerts.yml');

export function dashboardPanels(): Panel[] {
  return (JSON.parse(readFileSync(DASHBOARD, 'utf8')) as { panels: Panel[] }).panels;
}

export function alertRules(): AlertRule[] {
  const { groups } = parse(readFileSync(ALERTS, 'utf8')) as { groups: { rules: AlertRule[] }[] };
  return groups.flatMap(({ rules }) => rules);
}

/** Every query of the dashboard and of the alerts; variables of Grafana are replaced by what they may stand for. */
export function shippedQueries(): ShippedQuery[] {
  const panels = dashboardPanels().flatMap(({ title, targets = [] }) =>
    targets.map(({ expr, legendFormat }) => ({
      where: `panel "${title}"`,
      expression: expr.replaceAll('$__rate_interval', '5m').replaceAll('$embedder', '.*'),
      legend: [...legendFormat.matchAll(/\{\{(?<label>\w+)\}\}/gu)].map(({ groups }) => groups?.['label'] ?? ''),
    })),
  );
  const alerts = alertRules().map(({ alert, expr }) => ({ where: `alert ${alert}`, expression: expr, legend: [] }));
  return [...panels, ...alerts];
}
