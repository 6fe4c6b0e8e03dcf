import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/build.ts'],
    // Most tests start real processes and real git, and wait for them; two cores are the smallest machine we support.
    maxWorkers: 3,
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // A child must never inherit what the developer's shell happens to hold.
    env: { GITHUB_TOKEN: '', GH_TOKEN: '', ANTHROPIC_API_KEY: '', NO_COLOR: '1', GITHUB_ACTIONS: '' },
  },
});
