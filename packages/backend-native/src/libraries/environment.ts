/** The built-in modules that are needed; asked for at run time, as backend-cpu does. */
interface BuiltinModules {
  getBuiltinModule?(name: 'node:fs'): { readFileSync(path: string, encoding: 'utf8'): string };
}

/**
 * The OpenBLAS core type to ask for, or null to leave the choice to the library. Debian 12's (0.3.21) takes AMD's
 * processors with AVX-512 for a Haswell and gives away half of their speed: 118 and 226 GFLOP/s on one such core.
 *
 * @param cpuinfo the text of /proc/cpuinfo
 */
export function openBlasCoreType(cpuinfo: string): string | null {
  const vendor = /^vendor_id\s*:\s*(\S+)/m.exec(cpuinfo)?.[1];
  const flags = new Set(/^flags\s*:\s*(.*)$/m.exec(cpuinfo)?.[1]?.split(' '));
  const skylake = ['avx512f', 'avx512dq', 'avx512bw', 'avx512vl', 'avx512cd'];
  return vendor === 'AuthenticAMD' && skylake.every((flag) => flags.has(flag)) ? 'SkylakeX' : null;
}

/** The text of /proc/cpuinfo; empty where there is none. */
export function readCpuInfo(): string {
  try {
    return (process as BuiltinModules).getBuiltinModule?.('node:fs').readFileSync('/proc/cpuinfo', 'utf8') ?? '';
  } catch {
    return '';
  }
}

/**
 * Runs `load` with the variables set for the libraries' start-up code, except those that the user has set; then takes
 * them back.
 */
export function withEnvironment<T>(variables: Readonly<Record<string, string>>, load: () => T): T {
  const mine = Object.entries(variables).filter(([name]) => process.env[name] === undefined);
  for (const [name, value] of mine) process.env[name] = value;
  try {
    return load();
  } finally {
    for (const [name] of mine) Reflect.deleteProperty(process.env, name);
  }
}
