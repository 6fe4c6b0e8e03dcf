/** A quotation that cannot be right; `field` says where. */
export class QuoteError extends Error {
  readonly field: string;

  constructor(field: string, message: string) {
    super(`${field}: ${message}`);
    this.name = 'QuoteError';
    this.field = field;
  }
}
