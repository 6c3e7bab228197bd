export { DecoderPool, type DecoderPoolOptions } from './decoder-pool.ts';
export { readArpaFile } from './read-arpa-file.ts';
