/** Whether an entry is a function of `keras.ops`, which does not count as a layer of a model. */
export function isOperation(config: unknown): boolean {
  const module: unknown = Reflect.get(Object(config), 'module');
  return typeof module === 'string' && module.startsWith('keras.src.ops');
}

/** Keras's names for the positions of layers in a list: the class, and a count from the second on. */
export function placer(): (config: unknown) => string {
  const counts = new Map<string, number>();
  return (config) => {
    const stem = snakeCase(String(Reflect.get(Object(config), 'class_name')));
    const count = counts.get(stem) ?? 0;
    counts.set(stem, count + 1);
    return count === 0 ? stem : `${stem}_${count}`;
  };
}

/** Keras's own name of a class in a file: `SimpleRNN` → `simple_rnn`. */
function snakeCase(name: string): string {
  return name
    .replace(/(.)([A-Z][a-z]+)/g, '$1_$2')
    .replace(/([a-z])([A-Z])/g, '$1_$2')
    .toLowerCase();
}
