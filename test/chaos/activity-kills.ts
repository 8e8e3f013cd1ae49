import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { EmbedFileResult } from '../../src/contract/activities.ts';
import { ActivityProcess, type ActivityEnd, type ActivityRequest } from '../support/activity-process.ts';
import { checkpointNames, leftovers } from '../support/run-folder.ts';
import { namesOf, prepareRun, RECORDS, runFolder, type ActivityRun } from './activity-run.ts';
import { aboutStep, deepRecovery, everyStep, randomKills } from './kill-plans.ts';
import type { KillPlan, StepCounts, TaskPlan } from './kill-plans.ts';
import { RowLedger } from './row-ledger.ts';
import { Tally } from './tally.ts';
import { MOST_FILES, uninterrupted, type Uninterrupted } from './uninterrupted.ts';

export interface KillOptions {
  /** Kills of activity processes, at least. */
  kills: number;
  seed: number;
  /** Processes killed side by side. */
  lanes: number;
}

/** Rounds of kills for steps that no kill has hit. */
const MOST_SEARCHES = 5;

/**
 * Kills processes that run the activities of tasks, without a server, at every step of both activities, ten deep while they
 * recover, and at random steps and times, until `kills` are reached; then compares with an uninterrupted run.
 */
export async function killActivities({ kills, seed, lanes }: KillOptions): Promise<Tally> {
  const tally = new Tally('activity processes', seed);
  const folder = mkdtempSync(join(tmpdir(), 'virnucpro-kills-'));
  try {
    const whole = await uninterrupted(join(folder, 'whole'));
    const systematic = [deepRecovery(whole.steps, seed), ...everyStep(whole.steps, seed)];
    let planned = 0;
    const nextPlan = () => {
      if (planned >= systematic.length && tally.kills >= kills) return undefined;
      const plan = systematic[planned] ?? randomKills(whole.steps, seed, planned);
      planned += 1;
      return plan;
    };
    for (let round = 1; planned < systematic.length || tally.kills < kills; round++) {
      await killRound(join(folder, String(round)), { nextPlan, whole, lanes, tally });
    }
    const missed = () => whole.trace.filter(({ label }) => !tally.steps.has(label));
    for (let again = 1; again <= MOST_SEARCHES && missed().length > 0; again++) {
      const plans = missed().flatMap(({ activity, number }) => aboutStep(activity, number, seed + again));
      const search = { nextPlan: () => plans.shift(), whole, lanes, tally };
      while (plans.length > 0) await killRound(join(folder, `search-${again}-${plans.length}`), search);
    }
    for (const label of new Set(missed().map((step) => step.label))) tally.violation(`no kill hit: ${label}`);
  } finally {
    rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  }
  return tally;
}

interface Round {
  /** undefined: enough has been killed. */
  nextPlan: () => TaskPlan | undefined;
  whole: Uninterrupted;
  lanes: number;
  tally: Tally;
}

async function killRound(folder: string, round: Round): Promise<void> {
  mkdirSync(folder);
  const keeper = new ActivityProcess(runFolder(folder));
  try {
    const run = await prepareRun(folder, MOST_FILES, keeper);
    let begun = 0;
    const lane = async () => {
      const processes = new Supply(run.out);
      while (begun < run.files) {
        const plan = round.nextPlan();
        if (plan === undefined) break;
        await new KilledTask(run, begun++, plan, processes, round).run();
      }
      await processes.close();
    };
    await Promise.all(Array.from({ length: round.lanes }, lane));
    await run.finish(keeper);
    checkFolder(run.out, begun, round.tally);
  } finally {
    await keeper.close();
  }
}

function checkFolder(out: string, tasks: number, tally: Tally): void {
  const left = leftovers(out);
  if (left.length > 0) tally.violation(`left behind: ${left.join(', ')}`);
  const found = checkpointNames(out).length;
  if (found !== tasks) tally.violation(`${found} checkpoints of ${tasks} files`);
  tally.duplicated += Math.max(0, found - tasks) * RECORDS;
}

/** Processes to be killed: the next one starts while the one before it works. */
class Supply {
  readonly #folder: string;
  #current: ActivityProcess;
  #next: ActivityProcess;

  constructor(folder: string) {
    this.#folder = folder;
    this.#current = new ActivityProcess(folder);
    this.#next = new ActivityProcess(folder);
  }

  get current(): ActivityProcess {
    return this.#current;
  }

  replace(): void {
    this.#current = this.#next;
    this.#next = new ActivityProcess(this.#folder);
  }

  async close(): Promise<void> {
    await Promise.all([this.#current.close(), this.#next.close()]);
  }
}

/** One task whose processes are killed as planned. */
class KilledTask {
  readonly #run: ActivityRun;
  readonly #index: number;
  readonly #plan: TaskPlan;
  readonly #processes: Supply;
  readonly #round: Round;
  readonly #ledger: RowLedger;
  #kills = 0;

  constructor(run: ActivityRun, index: number, plan: TaskPlan, processes: Supply, round: Round) {
    this.#run = run;
    this.#index = index;
    this.#plan = plan;
    this.#processes = processes;
    this.#round = round;
    this.#ledger = new RowLedger(run.log, namesOf(index).input, round.tally);
  }

  async run(): Promise<void> {
    const { tally, whole } = this.#round;
    const rows = (await this.#finish('embedFile', this.#run.task(this.#index))) as EmbedFileResult | undefined;
    if (rows === undefined) return;
    const saved = await this.#finish('saveCheckpoint', this.#run.saving(this.#index, rows));
    if (saved === undefined) return;
    tally.tasks += 1;
    tally.deepest = Math.max(tally.deepest, this.#kills);
    const { checkpoint } = namesOf(this.#index);
    const content = readFileSync(join(this.#run.out, checkpoint));
    const sha256 = createHash('sha256').update(content).digest('hex');
    if (sha256 !== whole.sha256[this.#index]) tally.violation(`${checkpoint}: other than of an uninterrupted run`);
    if (existsSync(join(this.#run.out, rows.spool))) tally.violation(`${checkpoint}: its spool is still there`);
  }

  /** Runs an activity in one process after the other until one is not killed. */
  async #finish(activity: keyof StepCounts, input: unknown): Promise<unknown> {
    for (const kill of [...this.#plan[activity], undefined]) {
      const { end, durable, killed } = await this.#attempt({ activity, input }, kill);
      const acknowledged = end.result !== undefined ? RECORDS : durable;
      if (killed) this.#round.tally.acknowledged += Math.max(acknowledged, this.#ledger.acknowledged);
      this.#ledger.attemptEnded(acknowledged);
      if (end.result !== undefined) return end.result;
      if (end.failure === undefined) continue;
      this.#round.tally.violation(`${activity} of task ${this.#index}: ${JSON.stringify(end.failure)}`);
      return undefined;
    }
    this.#round.tally.violation(`${activity} of task ${this.#index}: the process ended without a kill`);
    return undefined;
  }

  async #attempt(
    request: ActivityRequest & { activity: keyof StepCounts },
    kill: KillPlan | undefined,
  ): Promise<{ end: ActivityEnd; durable: number; killed: boolean }> {
    const { current } = this.#processes;
    await current.ready;
    let timer: NodeJS.Timeout | undefined;
    let timeIsUp = false;
    if (kill !== undefined && 'step' in kill.at) {
      request.steps = { at: kill.at.step, torn: kill.at.torn, action: kill.all ? 'kill-all' : 'kill' };
    } else if (kill !== undefined && 'share' in kill.at) {
      const act = () => {
        timeIsUp = true;
        current.kill(kill.all);
      };
      timer = setTimeout(act, kill.at.share * this.#round.whole.milliseconds[request.activity]);
    }
    const end = await current.run(request);
    clearTimeout(timer);
    const killed = end.ended === true || timeIsUp;
    if (killed) await this.#bury(current);
    return { end, durable: current.durable, killed };
  }

  async #bury(process: ActivityProcess): Promise<void> {
    const { tally } = this.#round;
    await process.gone();
    this.#processes.replace();
    this.#kills += 1;
    tally.kills += 1;
    for (const { label } of process.steps) tally.steps.set(label, (tally.steps.get(label) ?? 0) + 1);
  }
}
