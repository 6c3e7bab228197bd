import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

/**
 * Runs the examples of a README, so that they cannot rot: each ```ts block that a ```text block follows is run in the
 * README's folder, against the sources of all packages, and its output is given back beside the text block's.
 *
 * @param {URL} readme such as `new URL('../README.md', import.meta.url)`
 * @param {URL} [folder] where the imports are resolved; the README's own by default
 * @returns {Promise<{ code: string, expected: string, printed: string }[]>}
 */
export async function runExamples(readme, folder = new URL('.', readme)) {
  const text = readFileSync(readme, 'utf8');
  const examples = [...text.matchAll(/^```ts\n([\s\S]*?)^```\n\s*^```text\n([\s\S]*?)^```$/gm)];
  const flags = [
    '--conditions=@timestep/source',
    '--input-type=module-typescript',
    '--disable-warning=ExperimentalWarning',
  ];
  return Promise.all(
    examples.map(async ([, code, expected]) => {
      const { stdout } = await promisify(execFile)(process.execPath, [...flags, '--eval', code], {
        cwd: fileURLToPath(folder),
      });
      return { code, expected, printed: stdout };
    }),
  );
}
