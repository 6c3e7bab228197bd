// A page that keeps all of core and of this backend, and what recurrent models are built from: nothing of it is shaken
// off.
import * as core from '@timestep/core';
import { Dropout, Embedding, GRU, LayerNorm, Linear, LSTM, RNN, Sequential } from '@timestep/layers';
import * as webgpu from '../index.ts';

Object.assign(globalThis, {
  timestep: { core, layers: { Dropout, Embedding, GRU, LayerNorm, Linear, LSTM, RNN, Sequential }, webgpu },
});
