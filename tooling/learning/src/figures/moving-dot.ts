import { Generator, mean, slice, square, subtract, tensor, transpose, type Backend, type Tensor } from '@timestep/core';
import { ConvLSTM, Linear, Module } from '@timestep/layers';
import { learn } from '../learn.ts';

const side = 8;

/** A blurred dot that moves in a straight line and bounces off the walls: `[T, N, 1, side, side]`. */
function movingDots(steps: number, batch: number, generator: Generator): Float32Array {
  const data = new Float32Array(steps * batch * side * side);
  for (let n = 0; n < batch; n++) {
    const place = [generator.uniform(0, side - 1), generator.uniform(0, side - 1)];
    const speed = [generator.uniform(-1, 1), generator.uniform(-1, 1)];
    for (let t = 0; t < steps; t++) {
      for (let k = 0; k < side * side; k++) {
        const squared = (Math.floor(k / side) - place[0]!) ** 2 + ((k % side) - place[1]!) ** 2;
        data[(t * batch + n) * side * side + k] = Math.exp(-squared);
      }
      for (const axis of [0, 1]) {
        place[axis]! += speed[axis]!;
        if (place[axis]! < 0 || place[axis]! > side - 1) {
          speed[axis] = -speed[axis]!;
          place[axis]! += 2 * speed[axis];
        }
      }
    }
  }
  return data;
}

/** Predicts the next image from those before. */
class NextImage extends Module {
  readonly layer: ConvLSTM;
  readonly head: Linear;

  constructor(backend: Backend, generator: Generator) {
    super();
    this.layer = new ConvLSTM({ backend, generator, inputChannels: 1, hiddenChannels: 8, imageSize: [side, side] });
    this.head = new Linear({ backend, generator, inputSize: 8, outputSize: 1 });
  }

  loss(data: Float32Array, steps: number, batch: number): Tensor {
    const { backend } = this.head.weight;
    const x = tensor(backend, data, { shape: [steps, batch, 1, side, side] });
    const { output } = this.layer.forward(slice(x, 0, 0, -1));
    const channels = channelsLast(output);
    return mean(square(subtract(this.head.forward(channels), channelsLast(slice(x, 0, 1)))));
  }
}

function channelsLast(images: Tensor): Tensor {
  return transpose(images, [0, 1, 3, 4, 2]);
}

/** The error of the next image, of a ConvLSTM and of an answer that repeats the last image. */
export async function movingDot(backend: Backend): Promise<void> {
  const generator = new Generator(1);
  const [steps, batch] = [8, 16];
  const model = new NextImage(backend, generator);
  const held = movingDots(steps, 64, new Generator(2));
  const frame = 64 * side * side;
  let repeated = 0;
  for (let k = frame; k < held.length; k++) repeated += (held[k]! - held[k - frame]!) ** 2;
  const { measured } = await learn(
    model,
    { learningRate: 0.01, steps: 300 },
    () => model.loss(movingDots(steps, batch, generator), steps, batch),
    () => model.loss(held, steps, 64).item(),
    () => false,
  );
  console.log(
    `moving dot  ConvLSTM ${measured.toFixed(5)}, repeating the last image ${(repeated / (held.length - frame)).toFixed(5)}, after 4,800 sequences`,
  );
  model.dispose();
}
