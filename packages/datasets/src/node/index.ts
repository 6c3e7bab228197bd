export { unpackTarGz } from './archive.ts';
export { cacheFolder } from './cache-folder.ts';
export { download, type DownloadOptions, sha256Of } from './download.ts';
