import { z } from 'zod';
import type { Actor } from '../../core/event.ts';
import { BugloopError } from '../../errors.ts';
import type { Http } from './http.ts';
import { findTrouble } from './trouble.ts';

/** `permission` is one of admin, write, read, none; finer roles are folded into these. */
const schema = z.object({ permission: z.string(), user: z.object({ id: z.int() }).nullish() });

/** Throws `auth.not_permitted` unless GitHub itself says that the account may write. An account is its number. */
export async function assertMayWrite(http: Http, slug: string, { login, id, type }: Actor): Promise<void> {
  const refuse = (why: string): BugloopError => new BugloopError('auth.not_permitted', `${login} may not start a run: ${why}`);
  if (type !== 'User') throw refuse(`it is an account of type ${type}`);
  const route = 'GET /repos/{owner}/{repo}/collaborators/{username}/permission';
  const { permission, user } = await http.read({ route, parameters: { username: login }, schema }).catch((error: unknown) => {
    if (findTrouble(error)?.trouble.status === 404) throw refuse('GitHub knows no such account here');
    throw error;
  });
  if (user?.id !== id) throw refuse('the account of that name is another one');
  if (permission !== 'admin' && permission !== 'write') throw refuse(`its permission on ${slug} is ${permission}`);
}
