// npx pnpm onnx-tests exports: recurrent models as PyTorch exports them, against what ONNX Runtime answers.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Backend } from '@timestep/core';
import { importOnnx } from '@timestep/interop';
import { difference, feedOf, type Encoded } from './judge.ts';

interface Export {
  readonly name: string;
  readonly exporter: string;
  readonly file: string;
  readonly opset: number;
  /** Why PyTorch could not write it. */
  readonly failed?: string;
  readonly inputs: Readonly<Record<string, Encoded>>;
  readonly outputs: readonly (readonly [string, Encoded])[];
}

/** The tolerance for another order of sums in float32. */
const tolerance = { relative: 1e-5, absolute: 1e-5 };

/**
 * Has PyTorch write the models (or reads those that are in `given`) and prints what became of each.
 *
 * @returns how many of those that PyTorch could write agree, and how many there are; null without PyTorch
 */
export async function runExports(backend: Backend, given: string | undefined): Promise<[number, number] | null> {
  const folder = given ?? mkdtempSync(join(tmpdir(), 'onnx-exports-'));
  try {
    if (!given && !write(folder)) return null;
    const lines = readFileSync(join(folder, 'models.jsonl'), 'utf8').trim().split('\n');
    let [agree, count] = [0, 0];
    for (const line of lines) {
      const test = JSON.parse(line) as Export;
      const why = test.failed ? `PyTorch: ${test.failed.slice(0, 80)}` : await compare(folder, test, backend);
      if (!test.failed) count++;
      if (why === null) agree++;
      console.log(
        `${test.name.padEnd(16)} ${test.exporter.padEnd(20)} ${why ?? `agrees (operator set ${test.opset})`}`,
      );
    }
    console.log(`${agree} of ${count} agree with ONNX Runtime within 1e-5`);
    return [agree, count];
  } finally {
    if (!given) rmSync(folder, { recursive: true });
  }
}

function write(folder: string): boolean {
  try {
    const script = fileURLToPath(new URL('exports.py', import.meta.url));
    execFileSync('python3', [script, folder], { stdio: ['ignore', 'ignore', 'pipe'] });
    return true;
  } catch (error) {
    console.log(
      String((error as { stderr?: Buffer }).stderr ?? error)
        .trim()
        .split('\n')
        .at(-1),
    );
    console.log('PyTorch writes these models: install Python 3, then `pip install torch onnx onnxscript onnxruntime`.');
    return false;
  }
}

async function compare(folder: string, test: Export, backend: Backend): Promise<string | null> {
  try {
    const beside = (name: string) => readFileSync(join(folder, name));
    const externalData = existsSync(join(folder, `${test.file}.data`)) ? beside : undefined;
    using model = importOnnx(beside(test.file), { backend, externalData });
    const feeds = Object.entries(test.inputs).map(([name, value]) => [name, feedOf(value)] as const);
    const results = model.forward(Object.fromEntries(feeds));
    for (const [name, expected] of test.outputs) {
      const why = await difference(results[name], expected, tolerance);
      if (why) return `${name}: ${why}`;
    }
    return null;
  } catch (error) {
    return String(error);
  }
}
