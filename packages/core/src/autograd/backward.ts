import { ArgumentError, ShapeError } from '@timestep/backend-api';
import { expectDType, sameBackend } from '../ops/check.ts';
import { createScope, inScope, type Scope } from '../scope.ts';
import { sameShape, show } from '../shape.ts';
import { TensorStorage } from '../storage.ts';
import { Tensor } from '../tensor.ts';
import { unowned } from '../unowned.ts';
import type { Node } from './node.ts';

type TensorNode = Node<Tensor>;

/**
 * Reverse-mode differentiation: visits the nodes behind `root`, an output of `start`, in reverse topological order,
 * once each, and adds up what arrives at every leaf.
 */
export function runBackward(start: TensorNode, root: Tensor, gradient: Tensor | undefined, retainGraph: boolean): void {
  if (start.released) {
    throw new ArgumentError(
      '[backward] the graph was already freed by an earlier backward(); pass { retainGraph: true } to the first one',
      'NO_GRADIENT',
    );
  }
  if (gradient !== undefined) expectDType('backward', 'gradient', gradient, ['f32']);
  if (gradient && gradient.backend !== root.backend) sameBackend('backward', [root, gradient]);
  if (gradient ? !sameShape(gradient.shape, root.shape) : root.size !== 1) {
    throw new ShapeError(
      gradient
        ? `[backward] expected a gradient of shape ${show(root.shape)}, got ${show(gradient.shape)}`
        : `[backward] a tensor of shape ${show(root.shape)} needs a gradient; reduce it with sum() or mean(), or pass one`,
    );
  }
  const { backend } = root;
  // Gradients in flight live in this scope, so that an error half way leaves nothing behind.
  inScope(backend, { gradient: false }, (scope) => {
    const first = gradient ? gradient.detach() : ones(root);
    const order = topologicalOrder(start);
    const arriving = new Map<TensorNode, (Tensor | null)[]>([[start, slots(start)]]);
    arriving.get(start)![root.outputIndex] = first;
    for (const node of order) {
      const gradients = arriving.get(node);
      arriving.delete(node);
      if (gradients) visit(node, gradients, arriving, scope);
      if (!retainGraph) node.free();
    }
    if (!retainGraph) disposeIntermediates(order, root);
  });
}

/** Runs one node's backward function and passes on what it returns, within `outer`. */
function visit(
  node: TensorNode,
  gradients: (Tensor | null)[],
  arriving: Map<TensorNode, (Tensor | null)[]>,
  outer: Scope,
): void {
  if (node.released)
    throw new ArgumentError(
      `[backward] part of the graph ('${node.name}') was already freed by an earlier backward(); pass { retainGraph: true } to that one`,
      'NO_GRADIENT',
    );
  using scope = createScope(node.backend);
  const wanted = node.edges.map((edge) => edge !== null);
  const results = scope.run(() => node.backward(gradients, wanted));
  node.edges.forEach((edge, index) => {
    const result = results[index];
    if (!edge || !result) return;
    if ('leaf' in edge) addToLeaf(edge.leaf, result, scope);
    else {
      let list = arriving.get(edge.node);
      if (!list) arriving.set(edge.node, (list = slots(edge.node)));
      const before = list[edge.output];
      list[edge.output] = before ? addInto(before, result) : passOn(result, scope, outer);
    }
  });
  for (const gradient of gradients) gradient?.dispose();
}

/** Moves a result of a backward function out of that function's scope, once; the same tensor again is shared. */
function passOn(result: Tensor, from: Scope, to: Scope): Tensor {
  if (result.owner === from) {
    to.adopt(result);
    return result;
  }
  return result.detach();
}

function addToLeaf(leaf: Tensor, result: Tensor, scope: Scope): void {
  if (leaf.disposed) return;
  if (leaf.grad) {
    const { backend } = leaf;
    const buffer = leaf.grad.buffer;
    const strides = [1];
    backend.binary('add', { buffer, strides }, { buffer: result.buffer, strides }, buffer, [leaf.size]);
    return;
  }
  // A leaf's gradient outlives every scope: the optimizer reads it and `zeroGrad` disposes it.
  const gradient = unowned(result.owner === scope ? result : result.detach());
  leaf.grad = ownsAlone(gradient, result) ? gradient : cloneOwned(gradient);
}

/** True where nobody else can see the buffer: later `backward` calls add to it in place. */
function ownsAlone(gradient: Tensor, result: Tensor): boolean {
  return gradient === result && gradient.storage.exclusive;
}

function cloneOwned(gradient: Tensor): Tensor {
  const { backend } = gradient;
  const out = backend.alloc('f32', gradient.size);
  backend.copy({ buffer: gradient.buffer, strides: [1] }, { buffer: out, strides: [1] }, [gradient.size]);
  const clone = unowned(new Tensor(new TensorStorage(backend, out), gradient.shape));
  gradient.dispose();
  return clone;
}

function addInto(before: Tensor, result: Tensor): Tensor {
  const { backend } = before;
  const strides = [1];
  const out = before.storage.exclusive ? before.buffer : backend.alloc('f32', before.size);
  backend.binary('add', { buffer: before.buffer, strides }, { buffer: result.buffer, strides }, out, [before.size]);
  if (out === before.buffer) return before;
  const total = new Tensor(new TensorStorage(backend, out), before.shape);
  before.dispose();
  return total;
}

function slots(node: TensorNode): (Tensor | null)[] {
  return new Array<Tensor | null>(node.outputCount).fill(null);
}

function ones(like: Tensor): Tensor {
  const buffer = like.backend.alloc('f32', like.size);
  like.backend.fill(buffer, 1);
  return new Tensor(new TensorStorage(like.backend, buffer), like.shape);
}

/** Every node behind `start`, users before what they use; without recursion, since a chain may be very long. */
function topologicalOrder(start: TensorNode): TensorNode[] {
  const finished: TensorNode[] = [];
  const seen = new Set<TensorNode>([start]);
  const stack: { node: TensorNode; next: number }[] = [{ node: start, next: 0 }];
  for (let top = stack.at(-1); top; top = stack.at(-1)) {
    const edge = top.node.edges[top.next++];
    if (edge === undefined) {
      finished.push(top.node);
      stack.pop();
    } else if (edge && 'node' in edge && !seen.has(edge.node)) {
      seen.add(edge.node);
      stack.push({ node: edge.node, next: 0 });
    }
  }
  return finished.reverse();
}

/**
 * The tape owns what a step makes and no scope owns: every tensor on the way from the leaves to `root`, but not `root`.
 * Inside a scope they live until it closes, so that a metric can still read them.
 */
function disposeIntermediates(order: readonly TensorNode[], root: Tensor): void {
  for (const node of order) {
    for (const tensor of [...node.made]) if (tensor !== root && !tensor.owner) tensor.dispose();
  }
}
