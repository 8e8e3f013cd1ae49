// PATH LEVEL: reads a file with the built package in a process of its own; prints what it is and the peak of resident memory.
import { readFileSync } from 'node:fs';
import process from 'node:process';
import { openFileSource, readTorchFile } from '../../dist/torch/index.js';

const [, , path = '', level] = process.argv;
const source = openFileSource(path);
const { archive, integrity, storages } = readTorchFile(source, { level: level === 'deep' ? 'deep' : 'structure' });
const peak = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'));
const peakBytes = Number(peak?.[1]) * 1024;
process.stdout.write(
  JSON.stringify({
    bytes: source.size,
    records: archive.records.length,
    storages: storages.length,
    integrity,
    peakBytes,
  }),
);
source.close();
