import * as z from 'zod/mini';
import type { CommitId } from '../../core/types.ts';
import type { Http } from './http.ts';
import { findTrouble } from './trouble.ts';

export const pointed = z.object({ object: z.object({ sha: z.string() }) });

/** Where a ref is, `heads/main` for a branch; `undefined` where there is none. */
export async function readRef(http: Http, ref: string): Promise<CommitId | undefined> {
  const route = 'GET /repos/{owner}/{repo}/git/ref/{ref}';
  try {
    return (await http.read({ route, parameters: { ref }, schema: pointed })).object.sha;
  } catch (error) {
    if (findTrouble(error)?.trouble.status === 404) return undefined;
    throw error;
  }
}
