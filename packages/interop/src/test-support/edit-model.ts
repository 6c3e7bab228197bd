import { fromBinary, toBinary } from '@bufbuild/protobuf';
import { ModelProtoSchema, type ModelProto } from '../onnx/proto/onnx.generated.ts';

/** The same file with something changed in it. */
export function editModel(file: Uint8Array, edit: (model: ModelProto) => void): Uint8Array {
  const model = fromBinary(ModelProtoSchema, file);
  edit(model);
  return toBinary(ModelProtoSchema, model);
}

/** The same file as if it were of another operator set. */
export function withOpset(file: Uint8Array, opset: number): Uint8Array {
  return editModel(file, (model) => {
    model.opsetImport[0]!.version = BigInt(opset);
  });
}
