import { show } from '@timestep/core/extend';
import { Parameter } from './parameter.ts';

const header = ['layer', 'type', 'parameter', 'shape', 'count', 'bytes'];
const numeric = new Set([4, 5]);

/** The part of a Module that a summary reads. */
interface Summarizable {
  namedModules(): readonly [path: string, module: Summarizable][];
  slots(): readonly { readonly name: string; readonly value: unknown }[];
  readonly typeName: string;
}

/**
 * Returns a table with one line per parameter, in the order of the modules, and the totals. A module without parameters
 * gets a line too, unless it only holds other modules. Tied parameters are counted once; frozen ones are marked.
 */
export function summarize(module: Summarizable): string {
  const rows: string[][] = [];
  const seen = new Set<Parameter>();
  for (const [path, inner] of module.namedModules()) {
    const slots = inner.slots();
    const parameters = slots.flatMap(({ name, value }) => (value instanceof Parameter ? [{ name, value }] : []));
    const label = [path === '' ? '(model)' : path, inner.typeName];
    if (slots.length === 0) rows.push([...label, '', '', '', '']);
    parameters.forEach(({ name, value }, index) => {
      const tied = seen.has(value);
      seen.add(value);
      const note = tied ? ' (tied)' : value.requiresGrad ? '' : ' (frozen)';
      const size = tied ? 0 : value.size;
      rows.push([...(index === 0 ? label : ['', '']), name + note, show(value.shape), group(size), group(size * 4)]);
    });
  }
  const total = [...seen].reduce((sum, { size }) => sum + size, 0);
  const frozen = [...seen].reduce((sum, { size, requiresGrad }) => sum + (requiresGrad ? 0 : size), 0);
  const widths = header.map((title, column) => Math.max(title.length, ...rows.map((row) => row[column]!.length)));
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, column) => (numeric.has(column) ? cell.padStart(widths[column]!) : cell.padEnd(widths[column]!)))
      .join('  ')
      .trimEnd();
  const rule = widths.map((width) => '─'.repeat(width)).join('  ');
  return [
    line(header),
    rule,
    ...rows.map(line),
    rule,
    `${group(total)} parameters, ${group(frozen)} of them frozen, ${group(total * 4)} bytes`,
  ].join('\n');
}

/** Thousands apart: 1234567 → 1,234,567. */
function group(value: number): string {
  return String(value).replace(/\B(?=(\d{3})+$)/g, ',');
}
