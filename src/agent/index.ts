import type { AgentName } from '../core/types.ts';
import type { Agent } from '../ports.ts';
import type { ClaudeOptions } from './claude/index.ts';
import type { CommandOptions } from './command.ts';
import type { ScriptedOptions } from './scripted.ts';
import type { searchAgent } from './search/index.ts';

/** What each agent needs to be opened. */
export interface AgentOptions {
  claude: ClaudeOptions;
  command: CommandOptions;
  scripted: ScriptedOptions;
  search: NonNullable<Parameters<typeof searchAgent>[0]>;
}

type Openers = { [Name in AgentName]: (options: AgentOptions[Name]) => Promise<Agent> };

/** Loaded when asked for: the SDK and the parsers are slow to start and seldom needed together. */
const agents = {
  claude: async (options) => (await import('./claude/index.ts')).claudeAgent(options),
  command: async (options) => (await import('./command.ts')).commandAgent(options),
  scripted: async (options) => await (await import('./scripted.ts')).scriptedAgent(options),
  search: async (options) => (await import('./search/index.ts')).searchAgent(options),
} satisfies Openers;

/** Opens an agent. Throws a `BugloopError` where its options cannot be used, e.g. a script that cannot be read. */
export function openAgent<Name extends AgentName>(name: Name, options: AgentOptions[Name]): Promise<Agent> {
  const open: Openers[Name] = agents[name];
  return open(options);
}
