import { ensure } from '../../errors.ts';
import type { AttributeProto, NodeProto } from '../proto/onnx.generated.ts';
import { attributeTypes } from '../types.ts';
import { readConstant } from './constant.ts';
import type { ExternalData } from './external-data.ts';
import type { HostValue } from './value.ts';

/** A node with its attributes, inputs and outputs by name. '' is an input or output that is left out. */
export class OnnxNode {
  readonly opType: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  /** The name of the node in messages. */
  readonly where: string;
  /** The position of the node in its graph. */
  readonly place: number;
  readonly #attributes: ReadonlyMap<string, AttributeProto>;
  readonly #external: ExternalData;

  constructor(proto: NodeProto, place: number, external: ExternalData) {
    this.place = place;
    this.#external = external;
    this.opType = proto.opType;
    this.inputs = proto.input;
    this.outputs = proto.output;
    this.where = `node ${place} (${proto.opType}${proto.name ? ` '${proto.name}'` : ''})`;
    this.#attributes = new Map(proto.attribute.map((attribute) => [attribute.name, attribute]));
    ensure(this.outputs.length > 0, 'MALFORMED_FILE', () => `[onnx] ${this.where} has no output`);
    ensure(
      proto.domain === '' || proto.domain === 'ai.onnx',
      'UNSUPPORTED_MODEL',
      () => `[onnx] ${this.where} is from the domain '${proto.domain}'; only ONNX's own operators can be read`,
    );
  }

  /** The names of its attributes. */
  get attributes(): readonly string[] {
    return [...this.#attributes.keys()];
  }

  has(name: string): boolean {
    return this.#attributes.has(name);
  }

  int(name: string, otherwise: number): number {
    const attribute = this.#of(name, attributeTypes.int);
    return attribute ? this.#whole(name, attribute.i) : otherwise;
  }

  ints(name: string, otherwise: readonly number[]): readonly number[] {
    return this.#of(name, attributeTypes.ints)?.ints.map((value) => this.#whole(name, value)) ?? otherwise;
  }

  float(name: string, otherwise: number): number {
    return this.#of(name, attributeTypes.float)?.f ?? otherwise;
  }

  text(name: string, otherwise: string): string {
    const attribute = this.#of(name, attributeTypes.string);
    return attribute ? new TextDecoder().decode(attribute.s) : otherwise;
  }

  texts(name: string): readonly string[] | null {
    return this.#of(name, attributeTypes.strings)?.strings.map((value) => new TextDecoder().decode(value)) ?? null;
  }

  floats(name: string): readonly number[] | null {
    return this.#of(name, attributeTypes.floats)?.floats ?? null;
  }

  constant(name: string): HostValue | null {
    const tensor = this.#of(name, attributeTypes.tensor)?.t;
    return tensor ? readConstant(`attribute '${name}' of ${this.where}`, tensor, this.#external) : null;
  }

  /** A graph, in bytes. */
  graph(name: string): Uint8Array {
    const attribute = this.#of(name, attributeTypes.graph);
    ensure(attribute !== undefined, 'MALFORMED_FILE', () => `[onnx] ${this.where} has no graph '${name}'`);
    return attribute.g;
  }

  #of(name: string, type: number): AttributeProto | undefined {
    const attribute = this.#attributes.get(name);
    ensure(
      !attribute?.refAttrName,
      'UNSUPPORTED_MODEL',
      () =>
        `[onnx] attribute '${name}' of ${this.where} refers to one of a function; write the model without functions`,
    );
    ensure(
      attribute === undefined || attribute.type === type,
      'MALFORMED_FILE',
      () => `[onnx] attribute '${name}' of ${this.where} has kind ${attribute!.type}, expected ${type}`,
    );
    return attribute;
  }

  #whole(name: string, value: bigint): number {
    const number = Number(value);
    ensure(
      Number.isSafeInteger(number),
      'MALFORMED_FILE',
      () => `[onnx] attribute '${name}' of ${this.where} is ${value}, beyond every size`,
    );
    return number;
  }
}
