/** `sin(2π·frequency·n/rate)` */
export function tone(frequency: number, rate: number, length: number): Float32Array {
  return Float32Array.from({ length }, (_, n) => Math.sin((2 * Math.PI * frequency * n) / rate));
}

/** The amplitude of one frequency, by correlating with it under a Hann window: 1 for a tone of amplitude 1. */
export function amplitudeAt(samples: ArrayLike<number>, frequency: number, rate: number): number {
  let [real, imaginary, weight] = [0, 0, 0];
  for (let n = 0; n < samples.length; n++) {
    const window = 0.5 - 0.5 * Math.cos((2 * Math.PI * n) / samples.length);
    const angle = (2 * Math.PI * frequency * n) / rate;
    real += window * samples[n]! * Math.cos(angle);
    imaginary += window * samples[n]! * Math.sin(angle);
    weight += window;
  }
  return (2 * Math.hypot(real, imaginary)) / weight;
}

/** The frequency in `low` … `high` where the amplitude is largest, to within `step`. */
export function loudestFrequency(
  samples: ArrayLike<number>,
  rate: number,
  low: number,
  high: number,
  step: number,
): number {
  let [best, most] = [low, -1];
  for (let frequency = low; frequency <= high; frequency += step) {
    const amplitude = amplitudeAt(samples, frequency, rate);
    if (amplitude > most) [best, most] = [frequency, amplitude];
  }
  return best;
}
