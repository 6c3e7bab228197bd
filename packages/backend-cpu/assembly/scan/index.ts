export { linearScanBackward, linearScanForward } from './linear-scan';
