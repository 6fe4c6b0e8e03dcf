/** Thrown for text that is not opening hours. */
export class HoursError extends Error {
  /**
   * @param {string} message
   * @param {string} part the part of the input that was not understood
   */
  constructor(message, part) {
    super(`${message}: "${part}"`);
    this.name = 'HoursError';
    this.part = part;
  }
}
