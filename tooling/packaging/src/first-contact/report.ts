import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** One program under one tool. */
export interface Outcome {
  readonly program: string;
  readonly tool: string;
  /** The failure, or null. */
  readonly failure: string | null;
}

/** Debian's software driver, for the WebGPU program on a machine without a GPU. */
const softwareVulkan = '/usr/lib/chromium/vk_swiftshader_icd.json';
const environment = existsSync(softwareVulkan)
  ? { VK_ICD_FILENAMES: softwareVulkan, ...process.env }
  : { ...process.env };

/** Runtimes print arrays with other line breaks and quotes. */
const plain = (text: string): string => text.replace(/[\s'"`,]+/gu, '');

/**
 * Runs a command.
 *
 * @param expected what it must print; anything by default
 * @returns null, or what it printed instead
 */
export async function command(
  folder: string,
  [file = '', ...parameters]: readonly string[],
  expected?: string,
): Promise<string | null> {
  try {
    const options = { cwd: folder, env: environment, maxBuffer: 2 ** 26, timeout: 300_000 };
    const { stdout, stderr } = await run(file, parameters, options);
    return expected === undefined || plain(stdout) === plain(expected) ? null : `printed:\n${stdout}${stderr}`;
  } catch (error) {
    const { stdout = '', stderr = '', message } = error as { stdout?: string; stderr?: string; message: string };
    return `${stdout}\n${stderr}`.trim() || message;
  }
}

/** Prints a table of programs and tools, and then the failures. True if there are none. */
export function report(outcomes: readonly Outcome[]): boolean {
  const tools = [...new Set(outcomes.map(({ tool }) => tool))];
  for (const tool of tools) {
    const own = outcomes.filter((outcome) => outcome.tool === tool);
    const failed = own.filter(({ failure }) => failure !== null);
    const names = failed.map(({ program }) => program).join(', ');
    console.log(`${tool.padEnd(16)} ${own.length - failed.length} of ${own.length}${names && `; failed: ${names}`}`);
  }
  for (const { program, tool, failure } of outcomes) {
    if (failure !== null) console.error(`\n— ${program}, ${tool}\n${failure.split('\n').slice(0, 30).join('\n')}`);
  }
  return outcomes.every(({ failure }) => failure === null);
}
