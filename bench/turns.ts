import { join } from 'node:path';
import { writeFile } from 'node:fs/promises';
import { dollarsOf } from '../src/core/cost.ts';
import { editCall, fakeKey, prefixParts, startMessagesServer, turn, type Turn } from '../test/servers/messages/index.ts';
import { median, quantile, sum, type Bench, type Row } from './bench.ts';
import { bugReport, goldEdits } from '../test/support/shop.ts';
import { explain, isRepositoryCommand, solveWithModel, uncovered, type Played } from './support/play.ts';
import { makeRepository, manyFiles } from './support/repository.ts';

/**
 * One fix in thirty turns against a scripted Messages API that answers at once. Everything is taken from outside: from
 * the requests as they arrived, and from the processes that were started.
 */
export const turns: Bench = {
  id: 'turns',
  title: 'A fix in thirty turns: prompt discipline and our own time',
  async run({ scratch }) {
    const repository = await makeRepository(join(scratch, 'repository'), manyFiles(300));
    const issue = join(scratch, 'bug.md');
    await writeFile(issue, bugReport);
    const played = await solveWithModel(repository, issue, script());
    const { report, server } = played;
    if (report?.outcome !== 'proven') throw new Error(`the thirty turns ended as ${report?.outcome}: ${explain(played)}`);
    const floor = await replay(server.requests.map(({ body }) => body));
    return [...promptRows(server.requests), ...billRows(server.requests), ...timeRows(played, floor)];
  },
};

/** Looks around as a model does, edits, checks and finishes: thirty turns. */
function script(): Turn[] {
  const paths = Object.keys(manyFiles(300)).filter((path) => path.startsWith('src/'));
  const reads = paths.filter((_, index) => index % 15 === 0).slice(0, 20);
  const explored = [
    turn.toolUse('list', {}),
    turn.toolUse('search', { text: 'total' }),
    ...reads.map((path) => turn.toolUse('read', { path, from: 1, to: 40 })),
    turn.toolUse('search', { text: 'line.price' }),
    turn.toolUse('read', { path: 'src/cart.js' }),
    turn.toolUse('read', { path: 'test/cart.test.js' }),
  ];
  const edits = goldEdits.map(editCall).map(({ name, input }) => turn.toolUse(name, input));
  const all = [...explored, ...edits, turn.toolUse('run_check', {}), turn.finish()];
  return [...Array.from({ length: 30 - all.length }, () => turn.toolUse('list', { pattern: 'test/**' })), ...all];
}

type Requests = Played['server']['requests'];

// ---------------------------------------------------------------------------------------------- P1, P2

/** What is sent, without the marks that say how far the cache may reach: they are no part of the prompt. */
function partsOf(requests: Requests): string[][] {
  return requests.map(({ request }) => {
    if (request === undefined) throw new Error('a request of the run was refused');
    return prefixParts(request);
  });
}

const bytesOf = (parts: readonly string[]): number => sum(parts.map((part) => Buffer.byteLength(part)));

function promptRows(requests: Requests): Row[] {
  const prompts = partsOf(requests);
  const extending = prompts.slice(1).filter((parts, index) => (prompts[index] ?? []).every((part, at) => parts[at] === part));
  const shared = prompts.slice(1).map((parts, index) => {
    const before = prompts[index] ?? [];
    const differs = parts.findIndex((part, at) => part !== before[at]);
    return bytesOf(parts.slice(0, differs === -1 ? parts.length : differs));
  });
  const total = sum(prompts.map(bytesOf));
  const [first = ''] = requests.map(({ body }) => body);
  const source = /<untrusted-(\w+) kind=\\"source\\">.*?<\/untrusted-\1>/s.exec(first)?.[0] ?? '';
  const usages = requests.flatMap(({ usage }) => usage ?? []);
  const read = sum(usages.map((usage) => usage.cache_read_input_tokens));
  const sent = sum(usages.map((usage) => usage.cache_read_input_tokens + usage.cache_creation_input_tokens + usage.input_tokens));
  return [
    {
      id: 'P1',
      what: 'requests that extend the one before byte for byte',
      value: (100 * extending.length) / (prompts.length - 1),
      unit: '%',
      bar: { is: '≥', value: 100 },
      limit: { value: 100, what: 'all of them' },
      note: `${extending.length} of ${prompts.length - 1}`,
    },
    {
      id: 'P1',
      what: 'ideal share of the bytes that a cache can hold',
      value: (100 * sum(shared)) / total,
      unit: '%',
      bar: { is: '≥', value: 90 },
      limit: { value: (100 * (total - bytesOf(prompts.at(-1) ?? []))) / total, what: 'every byte sent new only once' },
      note: `${prompts.length} requests, ${Math.round(total / 1024)} KB in all, the last ${Math.round(bytesOf(prompts.at(-1) ?? []) / 1024)} KB`,
      samples: prompts.map(bytesOf),
    },
    {
      id: 'P1',
      what: 'share read from the cache, as the marks are set',
      value: (100 * read) / sent,
      unit: '%',
      note: 'modelled: a mark writes its prefix, a later request reads the longest within twenty blocks',
    },
    {
      id: 'P2',
      what: 'first request without source',
      value: Buffer.byteLength(first) - Buffer.byteLength(source),
      unit: 'bytes',
      bar: { is: '≤', value: 10 * 1024 },
      note: 'system, tools, task and JSON',
    },
    {
      id: 'P2',
      what: 'first request with source',
      value: Buffer.byteLength(first),
      unit: 'bytes',
      bar: { is: '≤', value: 24 * 1024 },
    },
  ];
}

// ---------------------------------------------------------------------------------------------- P3

/** By list prices; tokens as the scripted server counts them, four bytes each. */
function billRows(requests: Requests): Row[] {
  const usages = requests.flatMap(({ usage }) => usage ?? []);
  const prompts = partsOf(requests);
  const model = requests[0]?.request?.model ?? '';
  const priceOf = (input: number, write: number, read: number): number =>
    dollarsOf(
      { calls: requests.length, inputTokens: input, outputTokens: 0, cacheWriteTokens: write, cacheReadTokens: read },
      model,
    ).dollars;
  const input = sum(usages.map((usage) => usage.input_tokens));
  const write = sum(usages.map((usage) => usage.cache_creation_input_tokens));
  const read = sum(usages.map((usage) => usage.cache_read_input_tokens));
  const last = bytesOf(prompts.at(-1) ?? []) / 4;
  return [
    {
      id: 'P3',
      what: 'modelled bill for input',
      value: priceOf(input, write, read),
      unit: 'dollars',
      limit: { value: priceOf(0, last, input + write + read - last), what: 'every token written once and read ever after' },
      peer: { value: priceOf(input + write + read, 0, 0), what: 'the same requests without a cache' },
      note: `${model}, list prices; ${Math.round((input + write + read) / 1000)} thousand tokens`,
    },
  ];
}

// ---------------------------------------------------------------------------------------------- O1

function timeRows({ server, seen }: Played, floor: number[]): Row[] {
  if (seen === undefined) throw new Error('the run was not observed');
  const { requests } = server;
  const commands = seen.children.filter(isRepositoryCommand);
  const own = requests.slice(1).map(({ at }, index) => uncovered(requests[index]?.answeredAt ?? at, at, commands));
  const model = requests.map(({ at, answeredAt }) => ({ started: at, ended: answeredAt ?? at }));
  const limit = { value: median(floor), what: 'a client that only sends the same bytes' };
  return [
    {
      id: 'O1',
      what: 'our own time per turn, median',
      value: median(own),
      unit: 'ms',
      bar: { is: '≤', value: 30 },
      limit,
      note: `answer read, tool carried out, turn recorded durably, next request sent; ${commands.length} commands of the repository left out`,
      samples: own,
    },
    { id: 'O1', what: 'our own time per turn, 95th percentile', value: quantile(own, 0.95), unit: 'ms', limit },
    {
      id: 'O1',
      what: 'our own time of the whole run',
      value: uncovered(seen.started, seen.ended, [...commands, ...model]),
      unit: 'ms',
      note: `of ${Math.round(seen.ended - seen.started)} ms: start, clone, index, git, proof, report; without model and commands`,
    },
  ];
}

/** The gaps between answer and next request where a client does nothing in between. */
async function replay(bodies: readonly string[]): Promise<number[]> {
  await using server = await startMessagesServer({ turns: script() });
  const headers = { 'content-type': 'application/json', 'x-api-key': fakeKey, 'anthropic-version': '2026-10-21' };
  for (const body of bodies) await (await fetch(`${server.url}/v1/messages`, { method: 'POST', headers, body })).text();
  const { requests } = server;
  if (requests.some(({ status }) => status !== 200)) throw new Error(`the replay was refused: ${requests.at(-1)?.problem}`);
  return requests.slice(1).map(({ at }, index) => at - (requests[index]?.answeredAt ?? at));
}
