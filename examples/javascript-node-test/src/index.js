export { HoursError } from './errors.js';
export { withExceptions } from './exceptions.js';
export { formatHours } from './format.js';
export { parseHours } from './parse.js';
export { isOpen, nextChange, openMinutes } from './query.js';
