import type { Config } from '../config.ts';
import type { RepoPath } from '../types.ts';

/** What `init` has to know; everything has a proposal. */
export interface InitAnswers {
  triggerLabel: string;
  baseBranch: string;
  /** As written: a command line without shell operators; empty where it is detected. */
  test: string;
  agent: Config['agents']['bugsolver']['use'];
  dollars: number;
  /** Names of the workflows whose checks the gate waits for. */
  checks: readonly string[];
  /** Copies of the prompts, to be edited. */
  prompts: boolean;
}

export interface PlannedFile {
  path: RepoPath;
  text: string;
}

export const configPath = '.bugloop/config.yml';
const workflowPath = '.github/workflows/bugloop.yml';
const ignorePath = '.bugloop/.gitignore';
export const promptNames = ['solve-issue', 'write-test', 'resolve-comments'] as const;

/** Files that `init` writes, from the shipped workflow and prompts. */
export function planFiles(
  answers: InitAnswers,
  shipped: { workflow: string; prompts: ReadonlyMap<string, string> },
): PlannedFile[] {
  return [
    { path: configPath, text: renderConfig(answers) },
    { path: ignorePath, text: 'runs/\ncache/\n' },
    { path: workflowPath, text: fitWorkflow(shipped.workflow, answers) },
    ...(answers.prompts
      ? promptNames.map((name) => ({ path: `.bugloop/prompts/${name}.md`, text: shipped.prompts.get(name) ?? '' }))
      : []),
  ];
}

/** The file with every key that people change, what it means, and its default commented out where it was not asked for. */
function renderConfig({ triggerLabel, baseBranch, test, agent, dollars }: InitAnswers): string {
  return `# bugloop reads this file from the base branch only: what a pull request says here has no effect.
# Every key is optional; what is commented out is the default.
version: 1

labels:
  # Whoever may write to the repository sets it on an issue, and a run starts.
  trigger: ${quote(triggerLabel)}
  # in-progress: "bugloop:solving"
  # needs-human: "bugloop:escalated"

# Branch to fix and to open pull requests against.
base: ${quote(baseBranch)}

limits:
  max_cost_usd: ${dollars}
  # max_ralph_iterations: 10
  # timeout_minutes: 30
  # max_diff_lines: 500
  # Runs that labels, comments and the clock may start: in the repository, and for one account.
  # max_runs_per_hour: 10
  # max_runs_per_day: 40
  # max_actor_runs_per_hour: 5
  # max_actor_runs_per_day: 20

agents:
  bugsolver:
    # claude needs ANTHROPIC_API_KEY; command runs any agent program; search needs no model and solves little;
    # auto is claude where the key is, else the command, else search.
    use: ${agent}
    # command: ["claude", "-p"]

# Without a shell: no &&, no pipes. What is absent is detected.
${test === '' ? '# commands:\n  # test: npm test' : `commands:\n  test: ${quote(test)}`}
  # setup: npm ci
  # build: npm run build
  # test_files: npx vitest run {files}

# Added to what is always protected: workflows, lock files, manifests, this directory.
# protected_paths: ["migrations/**"]

# The people who wrote most of the lines that a change is about are named; true also asks them for a review.
# reviewers: { request: false }

# A person approves the plan with /bugloop approve before anything is changed.
# human_approval: { plan: false }

# Dollars per million tokens, for models that the built-in list lacks or that you have a contract for.
# prices: { date: 2026-11-01, models: [{ model: in-house, input: 1, output: 5, cache_write: 1.25, cache_read: 0.1 }] }

# Bots start nothing, except those that are named by number here (gh api /users/<login> --jq .id): these may set the label.
# triggers: { bots: [] }
`;
}

/** A JSON string is a YAML string, whatever is in it. */
function quote(text: string): string {
  return JSON.stringify(text);
}

/** The workflow waits for the checks of this repository, and starts at its label. */
function fitWorkflow(text: string, { checks, triggerLabel }: InitAnswers): string {
  const waits = text.replace(/workflows: \[[^\]\n]*\]/, `workflows: [${checks.map(quote).join(', ')}]`);
  if (triggerLabel === 'bug:autofix') return waits;
  const call = /( +)(uses: \S+bugloop-dispatch\.yml@.*\n)/;
  return waits.replace(call, (_line, indent: string, uses: string) => {
    return `${indent}${uses}${indent}with: { trigger-label: ${quote(triggerLabel)} }\n`;
  });
}

/** What is left for a person, in the order in which it is best done. */
export function nextSteps({ slug, label, serverUrl }: { slug: string | undefined; label: string; serverUrl: string }): string[] {
  const settings = slug === undefined ? 'the settings of the repository' : `${serverUrl}/${slug}/settings`;
  return [
    `Commit these files to the base branch: only what is there counts.`,
    `Add the secret ANTHROPIC_API_KEY: ${slug === undefined ? settings : `${settings}/secrets/actions`}`,
    `Let Actions open pull requests: ${slug === undefined ? settings : `${settings}/actions`} → “Allow GitHub Actions to create and approve pull requests”`,
    `For pull requests that get checks of their own, add the secret BUGLOOP_TOKEN: a token of an account of its own with contents, pull requests and issues: write. Put the number of that account into agents.bugsolver.accounts.`,
    `Create the label ${label}, set it on an issue, and watch the Actions page.`,
    `bugloop doctor says what is still missing.`,
  ];
}
