/**
 * A value that belongs to one asynchronous flow: it is the same before and after an `await`, whatever ran in between.
 *
 * Node (20.16, 22.3 and later), Deno and Bun offer that as AsyncLocalStorage, which is reached without an import.
 * Browsers don't yet (https://github.com/tc39/proposal-async-context): there all flows share one value.
 */
export interface FlowVariable<Value> {
  get(): Value | undefined;
  /** Sets it for the rest of this flow, and for what this flow starts from now on. */
  set(value: Value | undefined): void;
}

interface LocalStorage<Value> {
  getStore(): Value | undefined;
  enterWith(value: Value | undefined): void;
}

interface Platform {
  readonly process?: { readonly getBuiltinModule?: (name: string) => unknown };
}

// The cast is needed where the package is compiled, without Node's types; the lint's program has them.
// eslint-disable-next-line @typescript-eslint/no-unnecessary-type-assertion
export function createFlowVariable<Value>(platform: Platform = globalThis as Platform): FlowVariable<Value> {
  const hooks = platform.process?.getBuiltinModule?.('node:async_hooks') as
    { readonly AsyncLocalStorage: new () => LocalStorage<Value> } | undefined;
  if (hooks?.AsyncLocalStorage) {
    const storage = new hooks.AsyncLocalStorage();
    return { get: () => storage.getStore(), set: (value) => storage.enterWith(value) };
  }
  let shared: Value | undefined;
  return { get: () => shared, set: (value) => (shared = value) };
}
