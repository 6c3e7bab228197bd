import { type SafetensorsBytes, checkArgument, checkOptions, rules } from './arguments.ts';
import { SafetensorsError } from './errors.ts';
import { JsonScanner } from './json-scanner.ts';
import { readSafetensors, type ReadOptions, type SafetensorsContents } from './read.ts';
import { compareCodePoints, tensorEntries, writeSafetensors, type TensorsByName, type WriteOptions } from './write.ts';
import type { SafetensorsTensor } from './dtype.ts';

/**
 * Parses the index of a sharded model, `….safetensors.index.json`. A file name must be plain, in the folder of the
 * index; paths are refused.
 *
 * @returns the name of the file for each tensor name
 * @throws SafetensorsError `INVALID_INDEX`
 * @example
 * const fileOf = parseShardIndex(await readFile('model.safetensors.index.json', 'utf8'));
 */
export function parseShardIndex(json: string, name = 'index'): ReadonlyMap<string, string> {
  checkArgument('parseShardIndex', 'json', json, rules.string);
  checkArgument('parseShardIndex', 'name', name, rules.string);
  const scanner = new JsonScanner(json, name, 'INVALID_INDEX');
  let weightMap: Map<string, string> | null = null;
  const once = (isSecond: boolean, key: string): void => {
    if (isSecond) throw new SafetensorsError('INVALID_INDEX', `${name}: ${JSON.stringify(key)} occurs twice`);
  };
  scanner.object((key) => {
    if (key === 'weight_map') {
      once(weightMap !== null, key);
      const map = new Map<string, string>();
      scanner.object((tensor) => {
        once(map.has(tensor), tensor);
        const file = scanner.string();
        if (!/^[^/\\\0]+$/.test(file) || file === '.' || file === '..') {
          throw new SafetensorsError(
            'INVALID_INDEX',
            `${name}: tensor ${JSON.stringify(tensor)} lies in ${JSON.stringify(file)}, expected the name of a file beside the index`,
          );
        }
        map.set(tensor, file);
      });
      weightMap = map;
    } else scanner.skip();
  });
  scanner.end();
  if (!weightMap) throw new SafetensorsError('INVALID_INDEX', `${name}: expected a "weight_map"`);
  return weightMap;
}

/**
 * Reads a sharded model: it parses the index, then calls `load` once for each file that the index names.
 *
 * @throws SafetensorsError `INVALID_INDEX` if a tensor is missing from its shard; any error of `load`
 * @example
 * const { tensors } = await readSharded(indexJson, (file) => readFile(join(folder, file)));
 */
export async function readSharded(
  indexJson: string,
  load: (file: string) => Promise<SafetensorsBytes>,
  options: ReadOptions = {},
): Promise<SafetensorsContents> {
  checkArgument('readSharded', 'load', load, rules.function);
  checkOptions('readSharded', options, { widen: rules.boolean, copy: rules.boolean, name: rules.string });
  const indexName = options.name ?? 'index';
  const weightMap = parseShardIndex(indexJson, indexName);
  const namesByFile = new Map<string, string[]>();
  for (const [tensor, file] of weightMap) {
    const names = namesByFile.get(file);
    if (names) names.push(tensor);
    else namesByFile.set(file, [tensor]);
  }
  const tensors = new Map<string, SafetensorsTensor>();
  const metadata = new Map<string, string>();
  for (const [file, names] of namesByFile) {
    const shard = readSafetensors(await load(file), { ...options, name: file });
    for (const [key, value] of shard.metadata) metadata.set(key, value);
    for (const tensor of names) {
      const found = shard.tensors.get(tensor);
      if (!found)
        throw new SafetensorsError('INVALID_INDEX', `${indexName}: tensor ${JSON.stringify(tensor)} is not in ${file}`);
      tensors.set(tensor, found);
    }
  }
  return { metadata, tensors };
}

/** The files of a sharded model. */
export interface ShardedFiles {
  readonly indexName: string;
  readonly indexJson: string;
  readonly files: ReadonlyMap<string, Uint8Array<ArrayBuffer>>;
}

/**
 * Splits tensors, in their order, into files with at most `maxShardBytes` of data each. A larger tensor gets a separate
 * file. The files are named `model-00001-of-00003.safetensors`, the index `model.safetensors.index.json`.
 *
 * @throws SafetensorsError `INVALID_TENSOR`, and `INVALID_ARGUMENT` for a `maxShardBytes` that is not positive or a
 *   `stem` that cannot start a file name
 * @example
 * const { indexName, indexJson, files } = writeSharded(tensors, { maxShardBytes: 2e9 });
 * for (const [name, bytes] of files) await writeFile(name, bytes);
 * await writeFile(indexName, indexJson);
 */
export function writeSharded(
  tensors: TensorsByName,
  options: WriteOptions & { readonly maxShardBytes: number; readonly stem?: string },
): ShardedFiles {
  checkOptions('writeSharded', options, {
    metadata: rules.stringMap,
    maxShardBytes: rules.positive,
    stem: rules.fileStem,
  });
  const { maxShardBytes, stem = 'model', metadata } = options;
  checkArgument('writeSharded', 'maxShardBytes', maxShardBytes, rules.positive);
  const shards: Map<string, SafetensorsTensor>[] = [];
  let room = 0;
  let totalSize = 0;
  for (const [name, tensor] of tensorEntries('writeSharded', tensors)) {
    const bytes = tensor.data.byteLength;
    totalSize += bytes;
    if (shards.length === 0 || (bytes > room && shards.at(-1)!.size > 0)) {
      shards.push(new Map());
      room = maxShardBytes;
    }
    shards.at(-1)!.set(name, tensor);
    room -= bytes;
  }
  const digits = (n: number): string => String(n).padStart(5, '0');
  const files = new Map<string, Uint8Array<ArrayBuffer>>();
  const weightMap: [string, string][] = [];
  for (const [index, shard] of shards.entries()) {
    const file = `${stem}-${digits(index + 1)}-of-${digits(shards.length)}.safetensors`;
    files.set(file, writeSafetensors(shard, { metadata }));
    for (const name of shard.keys()) weightMap.push([name, file]);
  }
  weightMap.sort(([a], [b]) => compareCodePoints(a, b));
  const lines = weightMap.map(([name, file]) => `    ${JSON.stringify(name)}: ${JSON.stringify(file)}`);
  const body = lines.length > 0 ? `{\n${lines.join(',\n')}\n  }` : '{}';
  const indexJson = `{\n  "metadata": {\n    "total_size": ${totalSize}\n  },\n  "weight_map": ${body}\n}\n`;
  return { indexName: `${stem}.safetensors.index.json`, indexJson, files };
}
