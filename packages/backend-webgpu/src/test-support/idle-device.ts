import { openDevice } from '../adapter.ts';

/** A device whose queue drops what is submitted: the counts are the same, and nothing is computed. */
export async function openIdleDevice(): Promise<GPUDevice> {
  const { device } = await openDevice({});
  const { queue } = device;
  queue.submit = () => undefined;
  // A getter that makes a new object each time would undo the line above.
  Object.defineProperty(device, 'queue', { value: queue });
  return device;
}
