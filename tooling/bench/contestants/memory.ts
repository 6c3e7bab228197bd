import { readFileSync, writeFileSync } from 'node:fs';

function status(field: string): number {
  const line = readFileSync('/proc/self/status', 'utf8').match(new RegExp(`^${field}:\\s+(\\d+) kB`, 'm'));
  return line ? Number(line[1]) * 1024 : 0;
}

/** Bytes resident now; the peak starts anew from here. Linux only: 0 elsewhere. */
export function resetPeak(): number {
  try {
    writeFileSync('/proc/self/clear_refs', '5');
    return status('VmRSS');
  } catch {
    return 0;
  }
}

/** The most bytes resident since `resetPeak`. */
export function peak(): number {
  try {
    return status('VmHWM');
  } catch {
    return 0;
  }
}
