import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Writes a data set in the format of `flickr8k_mini`, a picture for each split. */
export function writeFolder(folder: string, splits: readonly string[]): void {
  const table = splits.map((split, i) => `${i},${i}.jpg,${split},150,200\n`);
  writeFileSync(join(folder, 'images.csv'), `row,file,official_split,source_width,source_height\n${table.join('')}`);
  const captions = splits.map((_, i) => `${i}\t0\tA dog's ball , no ${i} .\n${i}\t1\tTwo dogs ${i}\n`);
  writeFileSync(join(folder, 'captions.tsv'), `row\tcaption_no\tcaption\n${captions.join('')}`);
  writeFileSync(
    join(folder, 'thumbs32.u8'),
    Uint8Array.from({ length: splits.length * 3072 }, (_, k) => Math.floor(k / 3072)),
  );
  const features = Float32Array.from({ length: splits.length * 288 }, (_, k) => Math.floor(k / 288) + 0.5);
  writeFileSync(join(folder, 'features288.f32'), new Uint8Array(features.buffer));
}
