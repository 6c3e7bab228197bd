/**
 * Writes the shipped digits into a folder, apps/speech/data by default: node src/make.ts [FOLDER]
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { synthesize } from './synthesize.ts';
import { digits, firstIndex, renditionsOf, speakers } from './voices.ts';

const folder = process.argv[2] ?? fileURLToPath(new URL('../../../apps/speech/data', import.meta.url));
const recordings = join(folder, 'recordings');
const scratch = mkdtempSync(join(tmpdir(), 'timestep-speech-'));
rmSync(recordings, { recursive: true, force: true });
mkdirSync(recordings, { recursive: true });
let [files, bytes] = [0, 0];
const rows = ['file,digit,speaker,index,split,base_voice,variant,words_per_minute,pitch'];
speakers.forEach((speaker, speakerIndex) => {
  renditionsOf(speakerIndex).forEach((rendition, i) => {
    const index = firstIndex(speaker.split) + i;
    digits.forEach((word, digit) => {
      const file = `${digit}_${speaker.name}_${index}.wav`;
      const wav = synthesize(word, speaker, rendition, join(scratch, 'word.wav'));
      writeFileSync(join(recordings, file), wav);
      rows.push(
        [
          file,
          digit,
          speaker.name,
          index,
          speaker.split,
          speaker.base,
          speaker.variant,
          rendition.speed,
          rendition.pitch,
        ].join(','),
      );
      files++;
      bytes += wav.length;
    });
  });
});
rmSync(scratch, { recursive: true });
writeFileSync(join(folder, 'index.csv'), rows.join('\n') + '\n');
const version = execFileSync('espeak-ng', ['--version'], { encoding: 'utf8' }).trim();
console.log(`${files} recordings of ${speakers.length} speakers, ${bytes} bytes, by ${version.split('  ')[0]}`);
