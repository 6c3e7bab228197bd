import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const figures = fileURLToPath(new URL('../../learning/src/figures.ts', import.meta.url));

/**
 * Remakes the figures of docs/systems.md, all or those named, in a process of their own that reads the packages'
 * sources.
 */
export async function runTasks(names: readonly string[], threads: string): Promise<number> {
  const child = spawn(
    process.execPath,
    ['--conditions=@timestep/source', '--disable-warning=ExperimentalWarning', figures, '--threads', threads, ...names],
    { stdio: 'inherit' },
  );
  const [code] = (await once(child, 'exit')) as [number | null];
  return code ?? 1;
}
