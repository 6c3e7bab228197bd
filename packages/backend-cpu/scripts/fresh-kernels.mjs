// Vitest's global set-up: rebuilds build/kernels.ts when a kernel's source is newer, so that a test run never sees
// kernels of yesterday.
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { buildKernels, output, root } from './build-kernels.mjs';

function newest(folder) {
  const files = readdirSync(join(root, folder), { recursive: true, withFileTypes: true }).filter((entry) =>
    entry.isFile(),
  );
  return Math.max(...files.map((entry) => statSync(join(entry.parentPath, entry.name)).mtimeMs));
}

export default async function freshKernels() {
  const built = statSync(output, { throwIfNoEntry: false })?.mtimeMs ?? 0;
  if (Math.max(newest('assembly'), newest('scripts')) >= built) await buildKernels();
}
