import { cpus, totalmem } from 'node:os';
import { readFileSync } from 'node:fs';

export interface Machine {
  readonly processor: string;
  readonly cores: number;
  readonly gigabytes: number;
  /** The vector extensions that decide the figures. */
  readonly vectors: readonly string[];
  readonly node: string;
  readonly platform: string;
}

export function describeMachine(): Machine {
  const list = cpus();
  return {
    processor: list[0]?.model.trim() ?? 'unknown',
    cores: list.length,
    gigabytes: Math.round(totalmem() / 2 ** 30),
    vectors: vectorExtensions(),
    node: process.version,
    platform: `${process.platform} ${process.arch}`,
  };
}

function vectorExtensions(): string[] {
  try {
    const flags =
      readFileSync('/proc/cpuinfo', 'utf8')
        .match(/^flags\s*:\s*(.*)$/m)?.[1]
        ?.split(' ') ?? [];
    return ['avx2', 'fma', 'avx512f', 'amx_tile'].filter((flag) => flags.includes(flag));
  } catch {
    return [];
  }
}
