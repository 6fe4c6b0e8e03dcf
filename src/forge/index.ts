import type { Forge } from '../ports.ts';

export { runTrailer } from './trailer.ts';

export type ForgeName = 'github' | 'local';

/** Each forge is loaded only where it is used. */
export const forges = {
  github: async () => (await import('./github/forge.ts')).openGitHubForge,
  local: async () => (await import('./local.ts')).openLocalForge,
} satisfies Record<ForgeName, () => Promise<(options: never) => Forge>>;
