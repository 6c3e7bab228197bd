import { work } from './work.ts';

/** The Worker of the test page: gets the options, posts what it found out, or the error. */
globalThis.onmessage = ({ data }) => {
  work(data).then(
    (findings) => globalThis.postMessage({ findings }),
    (error: unknown) => globalThis.postMessage({ error: String(error) }),
  );
};
