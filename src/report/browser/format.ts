export function count(value: number): string {
  return value.toLocaleString('en-US');
}

export function plural(value: number, noun: string): string {
  return `${count(value)} ${noun}${value === 1 ? '' : 's'}`;
}

const UNITS = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB'];

export function bytes(value: number): string {
  let scaled = value;
  let unit = 0;
  while (scaled >= 1024 && unit < UNITS.length - 1) {
    scaled /= 1024;
    unit++;
  }
  return `${unit === 0 ? count(scaled) : scaled.toFixed(scaled < 10 ? 2 : 1)} ${UNITS[unit] ?? ''}`;
}

/** `0.42 s`, `3 min 05 s`, `2 h 03 min`, `1 d 04 h`. */
export function duration(seconds: number): string {
  if (seconds < 60) return `${seconds < 10 ? seconds.toFixed(2) : seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${two(whole % 60)} s`;
  if (whole < 86_400) return `${Math.floor(whole / 3600)} h ${two(Math.floor((whole % 3600) / 60))} min`;
  return `${Math.floor(whole / 86_400)} d ${two(Math.floor((whole % 86_400) / 3600))} h`;
}

/** Time since the beginning, for axes: `0.5 s`, `1:05`, `2:03:00`. */
export function elapsed(ms: number): string {
  const seconds = ms / 1000;
  if (seconds < 60) return `${Number(seconds.toFixed(2))} s`;
  const whole = Math.round(seconds);
  const hours = Math.floor(whole / 3600);
  const rest = `${two(Math.floor((whole % 3600) / 60))}:${two(whole % 60)}`;
  return hours === 0 ? rest.replace(/^0/u, '') : `${hours}:${rest}`;
}

/** `2026-11-22 14:05:09 UTC` */
export function time(iso: string): string {
  const date = new Date(iso);
  return Number.isNaN(date.getTime()) ? iso : `${date.toISOString().slice(0, 19).replace('T', ' ')} UTC`;
}

export function percent(share: number): string {
  return `${(share * 100).toFixed(1)}\u00a0%`;
}

/** Three digits that count: `1,234`, `12.3`, `0.123`. */
export function rate(value: number): string {
  if (value >= 100) return count(Math.round(value));
  return String(Number(value.toPrecision(3)));
}

/** The last part of a path. */
export function baseName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

function two(value: number): string {
  return String(value).padStart(2, '0');
}
