import { tensor, type Backend, type Tensor } from '@timestep/core';
import { InteropError, ensure, type InteropErrorCode } from '../../errors.ts';
import { typeName } from './constant.ts';
import { descriptions, elementTypeOf, isFloat, type ElementType } from './element-type.ts';
import type { OnnxNode } from './node.ts';
import type { HostValue } from './value.ts';
import { checkSize, copyToHost, DeviceValue, isHost, onDevice, show, type Value } from './value.ts';

/** Runs a graph inside a node, such as the body of a Scan. */
export type Subgraph = (inputs: readonly Value[]) => readonly Value[];

/** The definition of an operator. */
export interface Operator {
  /** The minimum and maximum number of inputs. */
  readonly inputs: readonly [number, number];
  /** The maximum number of outputs; 1 by default. */
  readonly outputs?: number;
  /** The names of the supported attributes; a file with another one is refused. */
  readonly attributes?: readonly string[];
  /** Attributes that hold graphs. */
  readonly graphs?: readonly string[];
  /** The first operator set with this meaning; 7 by default. */
  readonly since?: number;
  /** True for an operator that moves, converts or creates values without computing with them. */
  readonly moves?: boolean;
  /** Inputs such as running means, which become buffers, so that optimizers do not change them. */
  readonly statistics?: readonly number[];
  /** Computes the requested outputs. */
  readonly run: (call: Call) => Value | readonly (Value | null)[];
}

export type Operators = Readonly<Record<string, Operator>>;

/** Thrown if a node cannot be computed while the model is read, because it needs the backend. It then runs later. */
export class NeedsBackend extends Error {
  override readonly name = 'NeedsBackend';
}

/** A node with its input values. */
export class Call {
  readonly node: OnnxNode;
  readonly opset: number;
  readonly inputs: readonly (Value | null)[];
  readonly #backend: Backend | null;
  readonly #subgraphs: Readonly<Record<string, Subgraph>>;

  /** @param backend null while the model is read */
  constructor(
    node: OnnxNode,
    opset: number,
    inputs: readonly (Value | null)[],
    backend: Backend | null,
    subgraphs: Readonly<Record<string, Subgraph>> = {},
  ) {
    this.node = node;
    this.opset = opset;
    this.inputs = inputs;
    this.#backend = backend;
    this.#subgraphs = subgraphs;
  }

  /** The same node with other values. */
  with(inputs: readonly (Value | null)[]): Call {
    return new Call(this.node, this.opset, inputs, this.#backend, this.#subgraphs);
  }

  get where(): string {
    return this.node.where;
  }

  get backend(): Backend {
    if (!this.#backend) throw new NeedsBackend();
    return this.#backend;
  }

  /** Whether the results must be on the host, which is so while the model is read. */
  get folding(): boolean {
    return this.#backend === null;
  }

  /** The number of outputs in the file. */
  get outputCount(): number {
    return this.node.outputs.length;
  }

  wants(output: number): boolean {
    return (this.node.outputs[output] ?? '') !== '';
  }

  subgraph(name: string): Subgraph {
    return this.#subgraphs[name]!;
  }

  /** Throws an error that names the node. */
  fail(code: InteropErrorCode, what: string): never {
    throw new InteropError(code, `[onnx] ${this.where} ${what}`);
  }

  refuse(what: string): never {
    return this.fail('UNSUPPORTED_MODEL', what);
  }

  ensure(condition: boolean, what: () => string): asserts condition {
    ensure(condition, 'MALFORMED_FILE', () => `[onnx] ${this.where} ${what()}`);
  }

  /** A required input. */
  value(k: number): Value {
    const value = this.inputs[k];
    this.ensure(!!value, () => `has no input ${k}`);
    return value;
  }

  optional(k: number): Value | null {
    return this.inputs[k] ?? null;
  }

  /** An input of floats, on the device. */
  tensor(k: number): Tensor {
    return this.floats(this.value(k));
  }

  optionalTensor(k: number): Tensor | null {
    const value = this.optional(k);
    return value && this.floats(value);
  }

  floats(value: Value): Tensor {
    if (!isFloat(value.type)) this.refuse(`has inputs of type ${value.type}; only floats are supported`);
    return this.put(value);
  }

  /** Any value on the device. */
  put(value: Value): Tensor {
    return isHost(value) ? onDevice(this.where, this.backend, value) : value.tensor;
  }

  /** The value on the host, or null if it is on a device that cannot be read synchronously. */
  tryHost(value: Value): HostValue | null {
    return copyToHost(value);
  }

  /** A value that is needed on the host. */
  host(value: Value, what: string): HostValue {
    return (
      copyToHost(value) ??
      this.refuse(
        `needs its ${what} as numbers on the host, but this backend cannot be read synchronously; pass lengths and similar inputs to forward() as arrays`,
      )
    );
  }

  /** An input of integers or floats as a list, or undefined if it is left out. */
  numbers(k: number, what: string): number[] | undefined {
    const value = this.optional(k);
    return value ? Array.from(this.host(value, what).data) : undefined;
  }

  /** An input of one number. */
  number(k: number, what: string): number | undefined {
    const numbers = this.numbers(k, what);
    if (numbers) this.ensure(numbers.length === 1, () => `has ${numbers.length} numbers as its ${what}, expected one`);
    return numbers?.[0];
  }

  /** The axis counted from 0. */
  axis(axis: number, rank: number): number {
    this.ensure(axis >= -rank && axis < rank, () => `names axis ${axis} of a value of ${rank} axes`);
    return axis < 0 ? axis + rank : axis;
  }

  /** Axes counted from 0, each once. */
  axes(axes: readonly number[], rank: number): number[] {
    const list = axes.map((axis) => this.axis(axis, rank));
    this.ensure(new Set(list).size === list.length, () => `names an axis twice: ${show(axes)}`);
    return list;
  }

  /** Checks the number of axes of an input. */
  rank(value: Value, rank: number, what: string): void {
    this.ensure(value.shape.length === rank, () => `has ${what} of shape ${show(value.shape)}, expected ${rank} axes`);
  }

  /** The number of elements of a new shape, which must be within the limit. */
  size(shape: readonly number[]): number {
    if (this.folding && shape.every((length) => length >= 0) && shape.reduce((a, b) => a * b, 1) > 2 ** 20)
      throw new NeedsBackend();
    return checkSize(this.where, shape);
  }

  /** The common type of values. */
  sameType(values: readonly Value[]): ElementType {
    const { type } = values[0]!;
    const other = values.find((value) => value.type !== type);
    this.ensure(other === undefined, () => `has inputs of type ${type} and ${other!.type}, expected one type`);
    return type;
  }

  device(type: ElementType, value: Tensor): DeviceValue {
    return new DeviceValue(type, value);
  }

  /** Positions as an i32 tensor. */
  places(places: Int32Array, shape: readonly number[]): Tensor {
    return tensor(this.backend, places, { shape });
  }

  /** The element type with a code in the file, which must be supported. */
  targetType(code: number, what: string): ElementType {
    return elementTypeOf(code) ?? this.refuse(`has ${typeName(code)} as ${what}`);
  }

  isInteger(value: Value): boolean {
    return descriptions[value.type].kind === 'integer';
  }
}

/** An operator with one input and one output. */
export function operator(run: Operator['run'], given: Partial<Omit<Operator, 'run'>> = {}): Operator {
  return { inputs: [1, 1], ...given, run };
}
