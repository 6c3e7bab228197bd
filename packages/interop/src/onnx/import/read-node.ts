import { ensure } from '../../errors.ts';
import type { NodeProto } from '../proto/onnx.generated.ts';
import type { ExternalData } from './external-data.ts';
import { OnnxNode } from './node.ts';
import { operators } from './operators/index.ts';

/**
 * Finds the operator of a node and checks that it supports everything in the node.
 *
 * @throws InteropError `UNSUPPORTED_MODEL` for an unknown operator, attribute or output, `MALFORMED_FILE` for a missing
 *   input
 */
export function readNode(proto: NodeProto, place: number, opset: number, external: ExternalData) {
  const node = new OnnxNode(proto, place, external);
  const operator = operators.get(node.opType);
  ensure(operator !== undefined, 'UNSUPPORTED_MODEL', () => `[onnx] ${node.where} is an operator that cannot be read`);
  const { since = 7, attributes = [], inputs, outputs = 1 } = operator;
  ensure(
    opset >= since,
    'UNSUPPORTED_MODEL',
    () => `[onnx] ${node.where} is of operator set ${opset}; ${node.opType} can be read from ${since} on`,
  );
  const unknown = node.attributes.find((name) => !attributes.includes(name));
  ensure(
    unknown === undefined,
    'UNSUPPORTED_MODEL',
    () =>
      `[onnx] ${node.where} has the attribute '${unknown}', which cannot be read${attributes.length > 0 ? `; known are ${attributes.join(', ')}` : ''}`,
  );
  const [least, most] = inputs;
  const lacking = Array.from({ length: least }, (_, k) => node.inputs[k] ?? '').includes('');
  ensure(
    !lacking && node.inputs.length <= most,
    'MALFORMED_FILE',
    () =>
      `[onnx] ${node.where} has the inputs ${JSON.stringify(node.inputs)}, and needs ${least === most ? least : `${least} to ${most}`}`,
  );
  ensure(
    node.outputs.length <= outputs,
    'UNSUPPORTED_MODEL',
    () => `[onnx] ${node.where} has ${node.outputs.length} outputs; ${outputs} can be made`,
  );
  return { node, operator };
}
