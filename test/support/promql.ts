import { parser } from '@prometheus-io/lezer-promql';

type SyntaxNode = ReturnType<typeof parser.parse>['topNode'];

/** What a query says of one metric. */
export interface QueriedMetric {
  name: string;
  matchers: { label: string; operator: string; value: string }[];
}

/** Labels that a query groups or matches by, and the metrics that they have to come from. */
export interface QueriedLabels {
  labels: string[];
  metrics: string[];
}

export interface Query {
  metrics: QueriedMetric[];
  groupings: QueriedLabels[];
  /** Labels that the query makes itself, with label_replace. */
  made: string[];
}

/** @throws Error if the text is no PromQL */
export function parseQuery(text: string): Query {
  const tree = parser.parse(text);
  const query: Query = { metrics: [], groupings: [], made: [] };
  const textOf = ({ from, to }: SyntaxNode) => text.slice(from, to);
  const walk = (node: SyntaxNode): void => {
    if (node.type.isError) throw new Error(`no PromQL at ${node.from}: ${text}`);
    if (node.name === 'VectorSelector') query.metrics.push(metricOf(node, textOf));
    if (node.name === 'GroupingLabels') query.groupings.push(groupingOf(node, textOf));
    if (node.name === 'LabelReplace') query.made.push(madeLabel(node, textOf));
    for (const child of childrenOf(node)) walk(child);
  };
  walk(tree.topNode);
  return query;
}

type TextOf = (node: SyntaxNode) => string;

function childrenOf(node: SyntaxNode): SyntaxNode[] {
  const children: SyntaxNode[] = [];
  for (let child = node.firstChild; child !== null; child = child.nextSibling) children.push(child);
  return children;
}

function descendants(node: SyntaxNode, name: string): SyntaxNode[] {
  const found = node.name === name ? [node] : [];
  return [...found, ...childrenOf(node).flatMap((child) => descendants(child, name))];
}

function metricOf(selector: SyntaxNode, textOf: TextOf): QueriedMetric {
  const name = selector.getChild('Identifier');
  const matchers = descendants(selector, 'UnquotedLabelMatcher').map((matcher) => {
    const [label, operator, value] = childrenOf(matcher).map(textOf);
    return { label: label ?? '', operator: operator ?? '', value: JSON.parse(value ?? '""') as string };
  });
  return { name: name === null ? '' : textOf(name), matchers };
}

/** The labels of `by (…)` belong to what is aggregated, those of `on (…)` to both sides. */
function groupingOf(labels: SyntaxNode, textOf: TextOf): QueriedLabels {
  let owner: SyntaxNode | null = labels.parent;
  while (owner !== null && owner.name !== 'AggregateExpr' && owner.name !== 'BinaryExpr') owner = owner.parent;
  const selectors = owner === null ? [] : descendants(owner, 'VectorSelector');
  return {
    labels: descendants(labels, 'LabelName').map(textOf),
    metrics: selectors.map((selector) => metricOf(selector, textOf).name),
  };
}

/** `label_replace(vector, "made", …)` */
function madeLabel(name: SyntaxNode, textOf: TextOf): string {
  const call = name.parent?.parent;
  const body = call?.getChild('FunctionCallBody');
  const literal = body?.getChild('StringLiteral');
  if (literal === null || literal === undefined) throw new Error('label_replace without a label');
  return JSON.parse(textOf(literal)) as string;
}
