export type BackendChoice = 'auto' | 'webgpu' | 'cpu';

/** From the page to the Worker. */
export type Request =
  | {
      readonly type: 'train';
      readonly text: string;
      readonly backend: BackendChoice;
      readonly hiddenSize: number;
      readonly steps: number;
    }
  | { readonly type: 'stop' };

/** From the Worker to the page. */
export type Report =
  | {
      readonly type: 'ready';
      readonly backend: 'webgpu' | 'cpu';
      readonly device: string;
      readonly fallback: string | null;
      readonly parameters: number;
    }
  | {
      readonly type: 'progress';
      readonly step: number;
      readonly loss: number;
      readonly stepsPerSecond: number;
      readonly charactersPerSecond: number;
    }
  | { readonly type: 'sample'; readonly step: number; readonly text: string }
  | { readonly type: 'done'; readonly stopped: boolean }
  | { readonly type: 'failed'; readonly message: string };
