import { readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import ts from 'typescript';
import { isCode, trackedFiles } from './workspace.ts';

/** Groups of files that import one another in a circle, imports of types included. */
export function circlesOf(root: string): string[][] {
  const files = new Set(
    trackedFiles(root, (path) => isCode(path) && !path.endsWith('.test.ts')).map((path) => join(root, path)),
  );
  const imports = new Map([...files].map((file) => [file, importsOf(file).filter((target) => files.has(target))]));
  return strongComponents(imports).map((circle) => circle.map((file) => relative(root, file)).sort());
}

function importsOf(file: string): string[] {
  const { importedFiles } = ts.preProcessFile(readFileSync(file, 'utf8'), true, true);
  return importedFiles
    .map(({ fileName }) => fileName)
    .filter((name) => name.startsWith('.'))
    .map((name) => join(dirname(file), name));
}

/** Tarjan's algorithm (1972); components of one file are left out. */
function strongComponents(graph: ReadonlyMap<string, readonly string[]>): string[][] {
  const index = new Map<string, number>();
  const low = new Map<string, number>();
  const stack: string[] = [];
  const onStack = new Set<string>();
  const components: string[][] = [];
  const visit = (node: string): void => {
    index.set(node, index.size);
    low.set(node, index.get(node)!);
    stack.push(node);
    onStack.add(node);
    for (const target of graph.get(node) ?? []) {
      if (!index.has(target)) visit(target);
      if (onStack.has(target)) low.set(node, Math.min(low.get(node)!, low.get(target)!));
    }
    if (low.get(node) !== index.get(node)) return;
    const component = stack.splice(stack.indexOf(node));
    for (const member of component) onStack.delete(member);
    if (component.length > 1) components.push(component);
  };
  for (const node of graph.keys()) if (!index.has(node)) visit(node);
  return components;
}
