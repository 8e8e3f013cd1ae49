import type { BarKind } from '../page/page-data.ts';

export interface Theme {
  font: string;
  text: string;
  muted: string;
  card: string;
  line: string;
  grid: string;
  /** For what is told apart by colour. */
  series: readonly string[];
  /** For what is not. */
  other: string;
  kinds: Readonly<Record<BarKind, string>>;
}

const FONT = 'system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", "DejaVu Sans", Arial, sans-serif';

const LIGHT: Theme = {
  font: FONT,
  text: '#1c2430',
  muted: '#5b6675',
  card: '#ffffff',
  line: '#c9d1da',
  grid: '#edf0f3',
  series: [
    '#2563c9',
    '#d9770a',
    '#0b8f6b',
    '#b8347c',
    '#7150cf',
    '#0e8aa8',
    '#8f6a10',
    '#c93a3a',
    '#4f7f16',
    '#3f4b8f',
  ],
  other: '#b3bcc7',
  kinds: kinds('#2f8f6b', '#8fa3b8', '#cf3b3b', '#e08a1e', '#9aa5b1'),
};

const DARK: Theme = {
  font: FONT,
  text: '#e3e8ee',
  muted: '#9aa7b6',
  card: '#1a2029',
  line: '#3a4553',
  grid: '#272f3a',
  series: [
    '#6ea3f5',
    '#f0a04b',
    '#3fc79c',
    '#e77db5',
    '#a78df0',
    '#4cc3de',
    '#d0ab4a',
    '#f07f7f',
    '#96c455',
    '#8f9be0',
  ],
  other: '#566272',
  kinds: kinds('#3bb086', '#6f8296', '#ee6767', '#f0a94a', '#6b7785'),
};

function kinds(good: string, found: string, failed: string, lost: string, given: string): Theme['kinds'] {
  return {
    ...{ embedded: good, completed: good, found, failed },
    ...{ lost, 'lost-device': lost, 'handed-back': given, overtaken: given, cancelled: given },
  };
}

export function themeFor(isDark: boolean): Theme {
  return isDark ? DARK : LIGHT;
}

/** What a colour of the timeline stands for. */
export const KIND_TEXT: Readonly<Record<BarKind, string>> = {
  embedded: 'embedded',
  completed: 'completed',
  found: 'was there already',
  failed: 'failed',
  lost: 'lost: its worker died',
  'lost-device': 'lost its device',
  'handed-back': 'handed back at shutdown',
  overtaken: 'overtaken by another attempt',
  cancelled: 'cancelled',
};
