export * from './argmax';
export * from './reduce';
