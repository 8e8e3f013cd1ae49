/** One sample of the text that Prometheus scrapes. */
export interface Sample {
  /** E.g. `virnucpro_batch_rows_bucket`. */
  name: string;
  labels: Readonly<Record<string, string>>;
  value: number;
}

/** What a scraped endpoint exports. */
export class Scrape {
  readonly samples: readonly Sample[];
  /** By metric, e.g. `virnucpro_batch_rows` → `histogram`. */
  readonly types: ReadonlyMap<string, string>;

  /** @param text exposition format 0.0.4 */
  constructor(text: string) {
    const lines = text.split('\n');
    this.samples = lines.filter((line) => line !== '' && !line.startsWith('#')).map(parseSample);
    const typed = lines.map((line) => line.split(' ')).filter(([mark, word]) => mark === '#' && word === 'TYPE');
    this.types = new Map(typed.map(([, , name = '', type = '']) => [name, type]));
  }

  static async of(url: string): Promise<Scrape> {
    return new Scrape(await (await fetch(url)).text());
  }

  /** @returns the sum of all samples of that name that have these labels */
  sum(name: string, labels: Readonly<Record<string, string>> = {}): number {
    const wanted = Object.entries(labels);
    const found = this.samples.filter(
      (sample) => sample.name === name && wanted.every(([label, value]) => sample.labels[label] === value),
    );
    if (found.length === 0) throw new Error(`no sample ${name} ${JSON.stringify(labels)}`);
    return found.reduce((total, { value }) => total + value, 0);
  }

  /** Names of the samples, and the labels that any sample of a name has. */
  labelsByName(): Map<string, Set<string>> {
    const names = new Map<string, Set<string>>();
    for (const { name, labels } of this.samples) {
      const known = names.get(name) ?? new Set();
      for (const label of Object.keys(labels)) known.add(label);
      names.set(name, known);
    }
    return names;
  }
}

const SAMPLE = /^(?<name>[a-zA-Z_:][\w:]*)(?:\{(?<labels>.*)\})? (?<value>\S+)$/u;
const LABEL = /(?<label>[a-zA-Z_]\w*)="(?<value>(?:[^"\\]|\\.)*)"/gu;

function parseSample(line: string): Sample {
  const { name = '', labels = '', value = '' } = SAMPLE.exec(line)?.groups ?? {};
  if (name === '') throw new Error(`no sample: ${line}`);
  const pairs = [...labels.matchAll(LABEL)].map(({ groups }) => [groups?.['label'], groups?.['value']]);
  return { name, labels: Object.fromEntries(pairs) as Record<string, string>, value: Number(value) };
}
