import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { editCall, fakeKey, startMessagesServer, turn } from '../test/servers/messages/index.ts';
import { bugReport, goldEdits, goldTest, shop } from '../test/support/shop.ts';
import { median, sum, type Bench, type Row } from './bench.ts';
import { format } from './report/table.ts';
import { startAnyModel } from './support/any-model.ts';
import { observeTree, type Took } from './support/observe-tree.ts';
import { bin } from './support/play.ts';
import { git, makeRepository } from './support/repository.ts';

/**
 * The same fix in four requests — look, edit, test, say so — by bugloop and by the agents that people would take instead,
 * each with the model that plays it behind its own wire format. Nobody thinks, so what is measured is the program.
 */
export const peers: Bench = {
  id: 'peers',
  title: 'The same four requests by other agents',
  full: true,
  async run({ scratch, count = 3, say }) {
    const tools: Tool[] = [bugloop];
    for (const peer of others) {
      const missing = await install(peer);
      if (missing === undefined) tools.push(peer);
      else say(`  ${peer.name} ${peer.version} cannot be had here: ${missing}`);
    }
    const play = async (tool: Tool, round: number): Promise<Fix> => {
      const directory = join(scratch, `${tool.name}-${round}`);
      const fix = await tool.play(directory);
      await assertFixed(tool.name, directory, fix);
      return fix;
    };
    // The first round only warms caches, and shows who can do the work here at all.
    const able: Tool[] = [];
    for (const tool of tools) {
      const why = await play(tool, -1).then(
        () => undefined,
        (error: unknown) => String(error),
      );
      if (why === undefined) able.push(tool);
      else if (tool === bugloop) throw new Error(why);
      else say(`  ${tool.name} is left out: ${why}`);
    }
    const played = new Map<string, Fix[]>(able.map(({ name }) => [name, []]));
    for (let round = 0; round < count; round += 1) {
      for (const tool of able) played.get(tool.name)?.push(await play(tool, round));
    }
    return compare(able, (name) => played.get(name) ?? []);
  },
};

interface Fix extends Took {
  /** As sent, those of the work in order. */
  requests: readonly string[];
  /** Beside the work. */
  others: readonly string[];
}

interface Tool {
  name: string;
  /** Plays the fix in a fresh repository at `directory`/repository. */
  readonly play: (directory: string) => Promise<Fix>;
}

interface Peer extends Tool {
  version: string;
  package: string;
}

const timeoutMs = 120_000;
const installed = fileURLToPath(new URL('../.cache/peers', import.meta.url));
const task = `${bugReport}\nFix it and add a test for it.`;

/** Shell commands: the one tool that all of them have. */
const commands = [
  'cat src/cart.js test/cart.test.js',
  `sed -i 's/sum += line.price;/sum += line.price * line.quantity;/' src/cart.js && cat > test/quantity.test.js <<'END'\n${goldTest}END`,
  'npm test',
];

// ---------------------------------------------------------------------------------------------- who plays

const bugloop: Tool = {
  name: 'bugloop',
  async play(directory) {
    const repository = await makeRepository(join(directory, 'repository'), shop);
    await writeFile(join(directory, 'bug.md'), bugReport);
    await using server = await startMessagesServer({
      turns: [
        turn.toolUses({ name: 'read', input: { path: 'src/cart.js' } }, { name: 'read', input: { path: 'test/cart.test.js' } }),
        turn.toolUses(...goldEdits.map((edit) => editCall(edit))),
        turn.toolUse('run_check', {}),
        turn.finish(),
      ],
    });
    const took = await observeTree([process.execPath, bin, 'solve', '../bug.md', '--agent', 'claude', '--quiet'], {
      cwd: repository,
      env: { ...environment(directory), ANTHROPIC_API_KEY: fakeKey, ANTHROPIC_BASE_URL: server.url },
      timeoutMs,
    });
    // The others leave their edits in the checkout, bugloop leaves a branch.
    await git(repository, 'checkout', '--quiet', 'bugloop/issue-bug');
    return { ...took, requests: server.requests.map(({ body }) => body), others: [] };
  },
};

/** Versions are named so that the figures can be had again. */
const others: readonly Peer[] = [
  {
    name: 'claude',
    package: '@anthropic-ai/claude-code',
    version: '2.1.329',
    play: (directory) =>
      playPeer(directory, (url) => ({
        argv: [native('@anthropic-ai/claude-code', 'claude'), '-p', task, '--dangerously-skip-permissions'],
        env: {
          ANTHROPIC_BASE_URL: url,
          ANTHROPIC_API_KEY: fakeKey,
          // Else it refuses to run as root, as most CI containers do.
          IS_SANDBOX: '1',
          DISABLE_AUTOUPDATER: '1',
          CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
        },
      })),
  },
  {
    name: 'codex',
    package: '@openai/codex',
    version: '0.169.0',
    play: (directory) =>
      playPeer(directory, (url) => ({
        argv: [executable('codex'), 'exec', '--dangerously-bypass-approvals-and-sandbox', task],
        env: { SCRIPTED_KEY: fakeKey },
        files: {
          '.codex/config.toml': [
            'model = "gpt-5"',
            'model_provider = "scripted"',
            '[model_providers.scripted]',
            'name = "scripted"',
            `base_url = "${url}/v1"`,
            'env_key = "SCRIPTED_KEY"',
            'wire_api = "responses"',
            '',
          ].join('\n'),
        },
      })),
  },
  {
    name: 'opencode',
    package: 'opencode-ai',
    version: '1.18.33',
    play: (directory) =>
      playPeer(directory, (url) => ({
        argv: [native('opencode', 'bin/opencode'), 'run', task],
        env: { OPENCODE_DISABLE_MODELS_FETCH: '1' },
        files: {
          '.config/opencode/opencode.json': JSON.stringify({
            model: 'anthropic/claude-opus-4-5',
            provider: { anthropic: { options: { baseURL: `${url}/v1`, apiKey: fakeKey } } },
            permission: { '*': 'allow' },
            autoupdate: false,
            share: 'disabled',
          }),
        },
      })),
  },
  {
    name: 'pi',
    package: '@mariozechner/pi-coding-agent',
    version: '0.73.1',
    play: (directory) =>
      playPeer(directory, (url) => ({
        argv: [executable('pi'), '--print', '--no-session', '--provider', 'scripted', '--model', 'scripted', task],
        env: { PI_OFFLINE: '1', PI_TELEMETRY: '0' },
        files: {
          '.pi/agent/models.json': JSON.stringify({
            providers: {
              scripted: { baseUrl: url, apiKey: fakeKey, api: 'anthropic-messages', models: [{ id: 'scripted' }] },
            },
          }),
        },
      })),
  },
];

function executable(name: string): string {
  return join(installed, 'node_modules/.bin', name);
}

/** A program in the package of the platform. Without install scripts the agent's own name only says that one has to run. */
function native(name: string, path: string): string {
  return join(installed, 'node_modules', `${name}-${process.platform}-${process.arch}`, path);
}

function environment(home: string): Record<string, string> {
  return { PATH: process.env['PATH'] ?? '', HOME: home, TERM: 'dumb' };
}

/** Why it is not there; `undefined` where it is. */
async function install({ package: name, version }: Peer): Promise<string | undefined> {
  if (existsSync(join(installed, 'node_modules', name))) return undefined;
  await mkdir(installed, { recursive: true });
  const { exitCode, stderr } = await execa(
    'npm',
    ['install', '--prefix', installed, '--ignore-scripts', '--no-audit', '--no-fund', `${name}@${version}`],
    { reject: false, stdin: 'ignore' },
  );
  return exitCode === 0 ? undefined : (stderr.trim().split('\n').at(-1) ?? 'npm install failed');
}

async function playPeer(
  directory: string,
  describe: (url: string) => { argv: [string, ...string[]]; env: Record<string, string>; files?: Record<string, string> },
): Promise<Fix> {
  const repository = await makeRepository(join(directory, 'repository'), shop);
  await using model = await startAnyModel(commands);
  const { argv, env, files = {} } = describe(model.url);
  for (const [path, content] of Object.entries(files)) {
    await mkdir(join(directory, path, '..'), { recursive: true });
    await writeFile(join(directory, path), content);
  }
  const took = await observeTree(argv, { cwd: repository, env: { ...environment(directory), ...env }, timeoutMs });
  return { ...took, requests: [...model.requests], others: [...model.others] };
}

/** A figure of an agent that did not do the work would be none. */
async function assertFixed(name: string, directory: string, { requests, exitCode, output }: Fix): Promise<void> {
  const test = await execa('npm', ['test'], { cwd: join(directory, 'repository'), reject: false, stdin: 'ignore' });
  const fixed = test.exitCode === 0 && existsSync(join(directory, 'repository/test/quantity.test.js'));
  if (fixed && requests.length === 4) return;
  throw new Error(`${name}: exit ${exitCode}, ${requests.length} requests, fixed: ${fixed}; ${output.slice(-300)}`);
}

// ---------------------------------------------------------------------------------------------- figures

const bytes = (texts: readonly string[]): number => sum(texts.map((text) => Buffer.byteLength(text)));

function compare(tools: readonly Tool[], played: (name: string) => Fix[]): Row[] {
  const row = (what: string, unit: Row['unit'], of: (fix: Fix) => number, note = ''): Row => {
    const figures = tools.map(({ name }) => ({ name, value: median(played(name).map(of)) }));
    const [mine, ...rest] = figures;
    const best = rest.toSorted((a, b) => a.value - b.value)[0];
    return {
      id: 'V1',
      what,
      value: mine?.value ?? Number.NaN,
      unit,
      ...(best === undefined ? {} : { peer: { value: best.value, what: `${best.name}, the least of the others` } }),
      note: `${rest.map(({ name, value }) => `${name} ${format(value, unit)}`).join(', ')}${note}`,
      samples: played('bugloop').map(of),
    };
  };
  return [
    row('first request of the same fix', 'bytes', ({ requests }) => bytes(requests.slice(0, 1))),
    row('all four requests', 'bytes', ({ requests }) => bytes(requests)),
    row('requests beside the four', 'calls', (fix) => fix.others.length),
    row('most memory', 'MB', ({ peakMB }) => peakMB),
    row(
      'wall time',
      's',
      ({ wall }) => wall / 1000,
      '; bugloop also took the baseline and ran the proof, red and green twice each',
    ),
  ];
}
