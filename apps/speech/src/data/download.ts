import { createProgress, type Progress } from '@timestep/app-shared';
import { downloadDigits } from './fsdd.ts';

/** The folder of the Free Spoken Digit Dataset, fetched with a progress bar where it is not in the cache. */
export async function downloadedData(signal?: AbortSignal): Promise<string> {
  const shown: { progress?: Progress } = {};
  const megabytes = (bytes: number) => Math.round(bytes / 1e5) / 10;
  try {
    return await downloadDigits({
      signal,
      onProgress: (received, total) => {
        if (total === null) return;
        shown.progress ??= createProgress({ total: megabytes(total), lineSeconds: 2 });
        shown.progress.update(megabytes(received), ['MB downloaded']);
      },
    });
  } finally {
    shown.progress?.stop();
  }
}
