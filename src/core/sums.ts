import * as z from 'zod/mini';

/** What runs before this one came to, where it goes on with their work. */
export const sumsSchema = z.strictObject({ runs: z.int(), attempts: z.int(), dollars: z.number(), durationMs: z.number() });
export type Sums = z.infer<typeof sumsSchema>;
