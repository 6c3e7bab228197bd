export { DecoderPool } from './decoder-pool.ts';
export { readArpaFile } from './read-arpa-file.ts';
