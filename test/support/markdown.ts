/** A fenced block of a document. */
export interface Fence {
  /** First word after the backticks, e.g. `json`. */
  readonly language: string;
  /** `key=value` words after the language. */
  readonly attributes: ReadonlyMap<string, string>;
  readonly text: string;
}

/** What stands between a heading and the next one. */
export interface Section {
  /** Without markup. */
  readonly heading: string;
  readonly prose: string;
  /** Cells of every table row but the separators; the first row is the head. */
  readonly tables: readonly (readonly (readonly string[])[])[];
  readonly fences: readonly Fence[];
}

/** Cuts a Markdown document into its sections, in order. What stands before the first heading has the heading ''. */
export function readSections(markdown: string): Section[] {
  const sections: OpenSection[] = [new OpenSection('')];
  let fence: { head: string; lines: string[] } | undefined;
  for (const line of markdown.split('\n')) {
    const section = sections.at(-1) as OpenSection;
    if (line.startsWith('```')) {
      if (fence === undefined) fence = { head: line.slice(3), lines: [] };
      else {
        section.fences.push(asFence(fence.head, fence.lines));
        fence = undefined;
      }
    } else if (fence !== undefined) fence.lines.push(line);
    else if (/^#+ /u.test(line)) sections.push(new OpenSection(withoutMarkup(line.replace(/^#+ /u, ''))));
    else section.take(line);
  }
  return sections;
}

class OpenSection implements Section {
  readonly heading: string;
  prose = '';
  readonly tables: string[][][] = [];
  readonly fences: Fence[] = [];
  #inTable = false;

  constructor(heading: string) {
    this.heading = heading;
  }

  take(line: string): void {
    if (!line.startsWith('|')) {
      this.#inTable = false;
      this.prose += `${line}\n`;
      return;
    }
    if (!this.#inTable) this.tables.push([]);
    this.#inTable = true;
    if (!/^[|\s:-]+$/u.test(line)) this.tables.at(-1)?.push(cells(line));
  }
}

function cells(line: string): string[] {
  return line
    .slice(1, line.lastIndexOf('|'))
    .split('|')
    .map((cell) => cell.trim());
}

function asFence(head: string, lines: readonly string[]): Fence {
  const [language = '', ...words] = head.trim().split(/\s+/u);
  const attributes = words.map((word) => word.split('=', 2) as [string, string]);
  return { language, attributes: new Map(attributes), text: lines.join('\n') };
}

/** Text without backticks, and links without their targets. */
export function withoutMarkup(text: string): string {
  return text.replaceAll(/\[([^\]]*)\]\([^)]*\)/gu, '$1').replaceAll('`', '');
}
