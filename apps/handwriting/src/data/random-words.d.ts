import 'random-words';

declare module 'random-words' {
  /** The declarations of random-words 2.0.1 call it `wordsList`, the module `wordList`. */
  export const wordList: readonly string[];
}
