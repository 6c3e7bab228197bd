export { unpackTarGz, type UnpackOptions } from './archive.ts';
export { cacheFolder } from './cache-folder.ts';
export { download, sha256Of } from './download.ts';
export type { DownloadOptions } from './download-options.ts';
