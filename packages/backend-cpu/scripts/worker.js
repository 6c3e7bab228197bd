// The code of a worker thread, embedded as text and run as a classic script, in Node and in browsers. It sleeps until
// a job is published, then claims parts of it until none is left. src/engine/pool.ts is the other side of this.
(() => {
  const TICKET = 0,
    GENERATION = 1,
    KERNEL = 2,
    ARGUMENTS = 3,
    PARTS = 4,
    COMPLETED = 5,
    SLEEPERS = 6,
    STOP = 7,
    FAILED = 8,
    WAITING = 9;
  const getBuiltin = typeof process === 'object' && process !== null ? process.getBuiltinModule : undefined;
  const node = getBuiltin ? getBuiltin('node:worker_threads') : null;
  const pause = Atomics.pause ? () => Atomics.pause() : () => {};

  function claimParts(words, kernels) {
    for (;;) {
      const ticket = Atomics.load(words, TICKET);
      const part = ticket & 255;
      const parts = words[PARTS];
      // A closed ticket reads 255, more than any number of parts. The job's description is only rewritten while the
      // ticket is closed, so if the exchange succeeds then what was read belongs to the ticket.
      if (part >= parts) return;
      const kernel = words[KERNEL];
      const args = words[ARGUMENTS];
      if (Atomics.compareExchange(words, TICKET, ticket, ticket + 1) !== ticket) continue;
      try {
        kernels[kernel](args, part, parts);
      } catch {
        Atomics.store(words, FAILED, 1);
      }
      Atomics.add(words, COMPLETED, 1);
      if (Atomics.load(words, WAITING)) Atomics.notify(words, COMPLETED);
    }
  }

  function start({ module, memory, names, control, spins }, multiply, ready) {
    const { exports } = new WebAssembly.Instance(module, { env: { memory, multiply } });
    const kernels = names.map((name) => exports[name]);
    const words = new Int32Array(memory.buffer, control, 16);
    let seen = Atomics.load(words, GENERATION);
    ready();
    while (!Atomics.load(words, STOP)) {
      for (let i = 0; i < spins && Atomics.load(words, GENERATION) === seen; i++) pause();
      if (Atomics.load(words, GENERATION) === seen) {
        Atomics.add(words, SLEEPERS, 1);
        Atomics.wait(words, GENERATION, seen);
        Atomics.sub(words, SLEEPERS, 1);
      }
      seen = Atomics.load(words, GENERATION);
      claimParts(words, kernels);
    }
  }

  const unreachable = () => {
    throw new Error('no library');
  };
  if (node) {
    const data = node.workerData;
    const ready = () => node.parentPort.postMessage('ready');
    if (data.outside === null) start(data, unreachable, ready);
    else
      import(data.outside.module).then(({ createMultiply }) =>
        start(data, createMultiply(data.memory, data.outside.data), ready),
      );
  } else {
    globalThis.onmessage = (event) => {
      start(event.data, unreachable, () => globalThis.postMessage('ready'));
      globalThis.close();
    };
  }
})();
