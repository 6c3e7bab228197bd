import { createReferenceBackend } from '@timestep/backend-conformance/reference';
import { Generator, tensor, TimestepError } from '@timestep/core';
import { Linear, type LoadableTensor } from '@timestep/layers';
import {
  Adam,
  type CheckpointContents,
  decodeCheckpoint,
  encodeCheckpoint,
  generatedData,
  type Json,
  memoryStorage,
  mseLoss,
  plateau,
  type Storage,
  Trainer,
} from '@timestep/train';
import type { Format } from '../format.ts';
import { joined, mutateBytes } from '../mutate/bytes.ts';
import { mutateJson } from '../mutate/json.ts';
import type { Random } from '../random.ts';

const backend = createReferenceBackend();
const name = 'checkpoint-00000003.safetensors';
const numbers = (random: Generator) => Float32Array.from({ length: 4 }, () => random.normal());

/** A small run with a schedule, an optimizer and a validation that all have a state. */
function makeRun(storage: Storage) {
  const model = new Linear({ backend, inputSize: 2, outputSize: 1, generator: new Generator(5) });
  const trainer = new Trainer({
    model,
    loss: (layer, x: Float32Array) =>
      mseLoss(layer.forward(tensor(backend, x, { shape: [2, 2] })), tensor(backend, [x[0]!, x[2]!], { shape: [2, 1] })),
    optimizer: new Adam(model.namedParameters(), { amsgrad: true }),
    data: generatedData((_, random) => numbers(random), { seed: 3 }),
    schedule: plateau({ patience: 0 }),
    validation: { every: 2, data: () => [numbers(new Generator(1))] },
    storage,
    checkpoints: { every: 3 },
  });
  return { model, trainer };
}

export const format: Format = {
  seeds: async () => {
    const storage = memoryStorage();
    await makeRun(storage).trainer.fit({ steps: 3 });
    const bytes = Uint8Array.from(await storage.read(name));
    return [bytes, joined(...encodeCheckpoint({ ...decodeCheckpoint(bytes) }))];
  },
  mutate: mutateContents,
  read: async (bytes) => {
    const storage = memoryStorage();
    await storage.write(name, [bytes]);
    const { model, trainer } = makeRun(storage);
    try {
      await trainer.resume();
    } finally {
      model.dispose();
    }
  },
  isTyped: (error) => error instanceof TimestepError,
};

/** Damages the state or a tensor, under a checksum that is right. */
function mutateContents(bytes: Uint8Array, random: Random): Uint8Array {
  const { state, tensors } = decodeCheckpoint(bytes);
  const contents: CheckpointContents = random.chance(0.7)
    ? { state: JSON.parse(mutateJson(JSON.stringify(state), random)) as Json, tensors }
    : { state, tensors: mutateTensors(tensors, random) };
  const whole = joined(...encodeCheckpoint(contents));
  return random.chance(0.05) ? mutateBytes(whole, random) : whole;
}

function mutateTensors(tensors: ReadonlyMap<string, LoadableTensor>, random: Random): Map<string, LoadableTensor> {
  const all = new Map(tensors);
  const [key, { shape, data }] = random.pick([...tensors]);
  switch (random.integer(5)) {
    case 0:
      all.delete(key);
      break;
    case 1:
      all.set(random.pick([`${key}x`, '', '__proto__', key.slice(1)]), { shape, data });
      break;
    case 2:
      all.set(key, { shape: [1, ...shape], data });
      break;
    case 3:
      all.set(key, { shape, data: random.chance(0.5) ? Int32Array.from(data) : Float64Array.from(data) });
      break;
    default: {
      const size = random.integer(100);
      all.set(key, { shape: [size], data: new Float32Array(size) });
    }
  }
  return all;
}
