import { ArgumentError, type Tensor } from '@timestep/core';
import { show, type Node } from '@timestep/core/extend';
import { Parameter, type Module } from '@timestep/layers';
import type { Optimizer } from '../optimizers/optimizer.ts';

/**
 * Looks for parameters that a loss depends on and that the optimizer was not given: they would never change.
 *
 * @throws ArgumentError that names them
 */
export function checkEverythingIsTrained(loss: Tensor, model: Module, optimizer: Optimizer): void {
  const trained = new Set<Tensor>(optimizer.parameters.map(({ parameter }) => parameter));
  const forgotten = leavesOf(loss).filter((leaf) => leaf instanceof Parameter && !trained.has(leaf));
  if (forgotten.length === 0) return;
  const names = new Map<Tensor, string>(model.namedParameters().map(([name, parameter]) => [parameter, name]));
  const [known, unknown] = [forgotten.filter((leaf) => names.has(leaf)), forgotten.filter((leaf) => !names.has(leaf))];
  const problems = [
    ...(known.length > 0
      ? [
          `the optimizer was not given ${listOf(known.map((leaf) => `'${names.get(leaf)}'`))}; make it from model.namedParameters(), or freeze() the layers that are not to be trained`,
        ]
      : []),
    ...(unknown.length > 0
      ? [
          `the model does not list ${listOf(unknown.map(({ shape }) => `a parameter of shape ${show(shape)}`))}; hold its layer in a property, an array, a plain object or a Map, not in a #private field, a Set or outside`,
        ]
      : []),
  ];
  throw new ArgumentError(
    `[Trainer] the loss depends on parameters that would get a gradient and never change: ${problems.join('; and ')}`,
  );
}

function listOf(names: readonly string[]): string {
  return names.length > 6 ? `${names.slice(0, 6).join(', ')} and ${names.length - 6} more` : names.join(', ');
}

/** The leaves that a tensor's gradient reaches. */
function leavesOf(tensor: Tensor): Tensor[] {
  const leaves = new Set<Tensor>();
  const nodes = new Set<Node<Tensor>>(tensor.node ? [tensor.node] : []);
  for (const node of nodes) {
    for (const edge of node.edges) {
      if (!edge) continue;
      if ('leaf' in edge) leaves.add(edge.leaf);
      else nodes.add(edge.node);
    }
  }
  return [...leaves];
}
