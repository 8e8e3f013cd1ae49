import type { PyDict, PyValue, TorchFile } from '../torch/index.ts';
import { isDict, pythonTypeName } from '../torch/index.ts';
import type { CheckpointError } from './errors.ts';
import { incompatible } from './errors.ts';
import { idCountProblem, idsProblem, readIds } from './ids.ts';
import type { Ids } from './ids.ts';
import { dimensionProblem, kindFromContent, kindFromName, KINDS } from './kinds.ts';
import type { RowLayout } from './row-layout.ts';
import { describeRows } from './row-layout.ts';
import { pythonSet, quote } from './text.ts';
import type { CheckpointExpectation, CheckpointKind, CheckpointStatus } from './types.ts';
import { judgeVersion } from './version.ts';

export interface JudgeOptions {
  /** For the kind that the file name states, and for messages. */
  path: string;
  requireKeys?: readonly string[] | undefined;
  expect?: CheckpointExpectation | undefined;
  /** Judge version, status and the number of ids only. */
  trustContent?: boolean | undefined;
}

/** What was learned of a checkpoint, in the order of judgement; complete if there is no {@link problem}. */
export interface Judgement {
  version?: string;
  kind?: CheckpointKind;
  ids?: Ids;
  rows?: number;
  dim?: number;
  layout?: RowLayout;
  status?: CheckpointStatus | null;
  problem?: CheckpointError;
}

/**
 * Judges the content of a sound file: is it a dict, version, then keys, kind, dimensions, rows, status. Stops at the first
 * finding, and keeps what was learned before it.
 */
export function judge(file: TorchFile, options: JudgeOptions): Judgement {
  const judgement: Judgement = {};
  const problem = new Judge(file, options, judgement).run();
  if (problem) judgement.problem = incompatible(options.path, problem.code, problem.text);
  return judgement;
}

interface Problem {
  code: string;
  text: string;
}

class Judge {
  readonly #root: PyValue;
  readonly #options: JudgeOptions;
  readonly #found: Judgement;
  #modern = false;

  constructor(file: TorchFile, options: JudgeOptions, found: Judgement) {
    this.#root = file.root;
    this.#options = options;
    this.#found = found;
  }

  run(): Problem | undefined {
    const root = this.#root;
    if (!isDict(root)) {
      return { code: 'NOT_A_DICT', text: `checkpoint is not a dict (got ${pythonTypeName(root)})` };
    }
    const content = this.#options.trustContent ? this.#judgeTrusted : this.#judgeContent;
    return this.#judgeVersion(root) ?? content.call(this, root) ?? this.#judgeStatus(root);
  }

  #judgeVersion(root: PyDict): Problem | undefined {
    const { version, modern, problem } = judgeVersion(root.get('version'));
    this.#found.version = version;
    this.#modern = modern;
    return problem;
  }

  #judgeContent(root: PyDict): Problem | undefined {
    return this.#judgeKeys(root) ?? this.#judgeRows(root) ?? this.#judgeIds(root);
  }

  /** Keys and kind: what is asked for is the kind that the caller or the file name states, or else `data`. */
  #judgeKeys(root: PyDict): Problem | undefined {
    const { requireKeys, expect } = this.#options;
    const stated = requireKeys ? expect?.kind : (expect?.kind ?? kindFromName(this.#options.path));
    const kind = kindFromContent((key) => root.has(key), undefined);
    const asked = requireKeys ?? (kind === 'generic' ? keysOf(stated) : []);
    const missing = asked.filter((key) => !root.has(key));
    if (missing.length > 0) return { code: 'MISSING_KEYS', text: `missing required keys ${pythonSet(missing)}` };
    this.#found.kind = kind;
    if (stated === undefined) return undefined;
    if (!sameKeys(kind, stated)) {
      const by = expect?.kind ? 'expected' : 'the file name says';
      return { code: 'KIND_MISMATCH', text: `kind does not match: ${by} ${stated}, content is ${kind}` };
    }
    this.#found.kind = stated;
    return undefined;
  }

  #judgeRows(root: PyDict): Problem | undefined {
    const kind = this.#found.kind ?? 'generic';
    const key = kind === 'generic' ? 'data' : KINDS[kind].dataKey;
    const value = root.get(key);
    if (value === undefined) return undefined;
    const described = describeRows(key, value);
    if (kind === 'generic' && (!described.layout || described.ragged || described.layout.dim === 0)) return undefined;
    if (described.layout === undefined) return described.problem;
    this.#found.layout = described.layout;
    this.#found.rows = described.layout.rows;
    this.#found.dim = described.layout.dim;
    if (kind === 'generic') return undefined;
    if (described.layout.rows === 0) return { code: 'NO_ROWS', text: `${key} holds no rows` };
    return this.#judgeDimension(root, described.ragged);
  }

  #judgeDimension(root: PyDict, ragged: { row: number; dim: number } | undefined): Problem | undefined {
    const { kind: recognised = 'generic', dim = 0 } = this.#found;
    if (recognised === 'generic') return undefined;
    const { expect, path } = this.#options;
    const isStated = recognised === (expect?.kind ?? kindFromName(path));
    const kind = isStated ? recognised : kindFromContent((key) => root.has(key), dim);
    this.#found.kind = kind;
    if (kind === 'generic') return undefined;
    const text = dimensionProblem(kind, dim);
    if (text !== undefined) return { code: 'DIMENSION', text };
    if (ragged) {
      const where = `row ${ragged.row} has ${ragged.dim}`;
      return { code: 'DIMENSION', text: `wrong last dimension for ${kind}: expected ${dim}, ${where}` };
    }
    if (expect?.dim === undefined || expect.dim === dim) return undefined;
    return { code: 'DIMENSION', text: `wrong last dimension for ${kind}: expected ${expect.dim}, got ${dim}` };
  }

  #judgeIds(root: PyDict): Problem | undefined {
    const { kind = 'generic', rows = 0, layout } = this.#found;
    if (kind === 'generic') return undefined;
    const problem = this.#readIds(root, KINDS[kind].idsKey);
    if (problem) return problem;
    const count = this.#found.ids?.count ?? 0;
    if (count !== rows) {
      return { code: 'ROW_COUNT', text: `rows do not match ids: expected ${count} rows, got ${rows}` };
    }
    return this.#judgeLabels(layout) ?? this.#judgeExpectedIds();
  }

  #judgeLabels(layout: RowLayout | undefined): Problem | undefined {
    if (layout?.form !== 'cells' || layout.labels.every((label) => label === undefined)) return undefined;
    const ids = this.#found.ids?.all() ?? [];
    const at = layout.labels.findIndex((label, row) => label !== undefined && label !== ids[row]);
    if (at < 0) return undefined;
    const [label, id] = [layout.labels[at] ?? '', ids[at] ?? ''];
    return { code: 'ROW_LABEL', text: `label of row ${at} is ${quote(label)}, expected its id ${quote(id)}` };
  }

  #judgeExpectedIds(): Problem | undefined {
    const { expect } = this.#options;
    if (expect?.ids === undefined) return undefined;
    const text = idsProblem(this.#found.ids?.all() ?? [], expect.ids, expect.source ?? 'the input', this.#modern);
    return text === undefined ? undefined : { code: 'IDS_MISMATCH', text };
  }

  #judgeTrusted(root: PyDict): Problem | undefined {
    const kind = kindFromContent((key) => root.has(key), undefined);
    this.#found.kind = kind;
    const { expect } = this.#options;
    if (expect?.ids === undefined) {
      if (kind !== 'generic') this.#readIds(root, KINDS[kind].idsKey);
      return undefined;
    }
    if (kind === 'generic') {
      return { code: 'MISSING_KEYS', text: `missing required keys ${pythonSet(keysOf(expect.kind, root))}` };
    }
    const problem = this.#readIds(root, KINDS[kind].idsKey);
    if (problem) return problem;
    const text = idCountProblem(this.#found.ids?.count ?? 0, expect.ids.length, expect.source ?? 'the input');
    return text === undefined ? undefined : { code: 'IDS_MISMATCH', text };
  }

  #readIds(root: PyDict, key: string): Problem | undefined {
    const read = readIds(key, root.get(key) ?? null);
    if ('problem' in read) return { code: 'IDS_INVALID', text: read.problem };
    this.#found.ids = read.ids;
    return undefined;
  }

  #judgeStatus(root: PyDict): Problem | undefined {
    const value = root.get('status');
    if (value === 'complete' || value === 'in_progress') {
      this.#found.status = value;
      return undefined;
    }
    this.#found.status = null;
    if (!this.#modern) return undefined;
    const got = typeof value === 'string' ? quote(value) : value === undefined ? 'none' : pythonTypeName(value);
    return { code: 'STATUS_INVALID', text: `status is ${got}, expected 'complete' or 'in_progress'` };
  }
}

function keysOf(kind: CheckpointKind | undefined, root?: PyDict): readonly string[] {
  const keys = kind === undefined || kind === 'generic' ? ['data'] : [KINDS[kind].idsKey, KINDS[kind].dataKey];
  return root ? keys.filter((key) => !root.has(key)) : keys;
}

/** Merged and vectors differ in nothing but the dimension, which is judged after the kind. */
function sameKeys(kind: CheckpointKind, stated: CheckpointKind): boolean {
  if (kind === 'generic' || stated === 'generic') return kind === stated;
  return KINDS[kind].idsKey === KINDS[stated].idsKey && KINDS[kind].dataKey === KINDS[stated].dataKey;
}
