export type { SafetensorsBytes } from './arguments.ts';
export type { SafetensorsDType, DTypeArrays, SafetensorsTensor } from './dtype.ts';
export { SafetensorsError, type SafetensorsErrorCode } from './errors.ts';
export { narrowToBfloat16, narrowToFloat16, widenBfloat16, widenFloat16 } from './half.ts';
export { widenFloat8, type Float8Format } from './float8.ts';
export type { Header, TensorInfo } from './header.ts';
export {
  openSafetensors,
  readHeader,
  readSafetensors,
  type ByteSource,
  type ReadOptions,
  type SafetensorsContents,
  type SafetensorsFile,
} from './read.ts';
export { parseShardIndex, readSharded, writeSharded, type ShardedFiles } from './sharded.ts';
export { safetensorsPieces, writeSafetensors, type TensorsByName, type WriteOptions } from './write.ts';
