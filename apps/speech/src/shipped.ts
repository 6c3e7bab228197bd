import { fileURLToPath } from 'node:url';

/** The recordings that come with the app: 28 synthetic speakers. As far below `src` as below `dist`. */
export const shippedData = fileURLToPath(new URL('../data', import.meta.url));

/** Where `start` and `train` write where nothing else is asked for; git ignores it. */
export const defaultOut = 'runs/speech/digits.safetensors';
