export { ctcEmissions } from './emissions';
export { ctcForwardBackward, ctcWorkBytes } from './forward-backward';
export { ctcGradient } from './gradient';
