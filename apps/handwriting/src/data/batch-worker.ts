import { serveBatches } from '@timestep/app-shared';
import { createTrainingBatches } from './training-batches.ts';

serveBatches(createTrainingBatches);
