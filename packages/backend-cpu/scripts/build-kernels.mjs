// Compiles assembly/index.ts twice (plain and relaxed SIMD) and embeds both modules, the list of their exports and the
// worker's code in build/kernels.ts, which src/engine/module.ts imports.
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import asc from 'assemblyscript/asc';

export const root = join(dirname(fileURLToPath(import.meta.url)), '..');
export const output = join(root, 'build', 'kernels.ts');

async function compile(features) {
  const file = join('build', `kernels-${features.length}-${process.pid}.wasm`);
  const { error, stderr } = await asc.main([
    'assembly/index.ts',
    '--outFile',
    file,
    '--optimizeLevel',
    '3',
    '--shrinkLevel',
    '0',
    '--noAssert',
    '--runtime',
    'stub',
    '--use',
    'abort=',
    '--enable',
    ['simd', 'threads', 'bulk-memory', ...features].join(','),
    // One module serves both kinds of memory: module.ts clears the `shared` flag where there is a single thread.
    '--importMemory',
    '--sharedMemory',
    '--noExportMemory',
    '--initialMemory',
    '1',
    '--maximumMemory',
    '65536',
    '--baseDir',
    root,
  ]);
  if (error) throw new Error(`asc failed: ${error.message}\n${stderr.toString()}`);
  const bytes = readFileSync(join(root, file));
  rmSync(join(root, file));
  return bytes;
}

function functionNames(bytes) {
  return WebAssembly.Module.exports(new WebAssembly.Module(bytes))
    .filter((entry) => entry.kind === 'function')
    .map((entry) => entry.name);
}

/** Builds build/kernels.ts; written beside and renamed, so that a reader never sees half a file. */
export async function buildKernels() {
  mkdirSync(dirname(output), { recursive: true });
  const plain = await compile([]);
  const relaxed = await compile(['relaxed-simd']);
  const worker = readFileSync(join(root, 'scripts', 'worker.js'), 'utf8');
  const source = [
    '// Made by scripts/build-kernels.mjs from assembly/ and scripts/worker.js.',
    `export const kernelNames = ${JSON.stringify(functionNames(plain))} as const;`,
    `export const plainModule = '${plain.toString('base64')}';`,
    `export const relaxedModule = '${relaxed.toString('base64')}';`,
    `export const workerSource = ${JSON.stringify(worker)};`,
    '',
  ].join('\n');
  const temporary = `${output}.${process.pid}`;
  writeFileSync(temporary, source);
  renameSync(temporary, output);
  return { plain: plain.length, relaxed: relaxed.length };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { plain, relaxed } = await buildKernels();
  process.stdout.write(`build/kernels.ts: plain ${plain} bytes, relaxed ${relaxed} bytes\n`);
}
