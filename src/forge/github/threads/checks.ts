import { isOwnVote, isOwnWorkflow } from '../../../core/own.ts';
import type { CommitId } from '../../../core/types.ts';
import type { FailedCheck } from '../../../ports.ts';
import type { GitHubRequests, Http } from '../http.ts';
import { moreChecksAnswer, moreChecksDocument, type CheckNode, type RollupNode } from './documents.ts';

/** Failed checks whose output is read. */
const maxChecks = 5;

const failed = new Set(['FAILURE', 'TIMED_OUT', 'ERROR', 'STARTUP_FAILURE']);

/** What failed on the head, without our own votes and jobs. The number of a check run of Actions is that of its job. */
export async function readFailedChecks(
  http: Http,
  options: GitHubRequests,
  head: CommitId,
  rollup: RollupNode,
): Promise<FailedCheck[]> {
  const found: FailedCheck[] = [];
  for await (const check of allChecks(http, options, head, rollup)) {
    if (found.length >= maxChecks) break;
    if (check.__typename === 'StatusContext') {
      const { context, state, description, targetUrl } = check;
      if (failed.has(state) && !isOwnVote(context))
        found.push({ name: context, url: targetUrl ?? '', output: description ?? '' });
      continue;
    }
    const { name, conclusion, url, title, summary, databaseId, checkSuite } = check;
    if (!failed.has(conclusion ?? '') || isOwnVote(name) || isOwnWorkflow(checkSuite.workflowRun?.file?.path)) continue;
    const isJob = checkSuite.app?.slug === 'github-actions' && databaseId !== null;
    const output = [title, summary].filter((part) => part !== null).join('\n');
    found.push({ name, url, output, ...(isJob ? { job: databaseId } : {}) });
  }
  return found;
}

async function* allChecks(http: Http, { slug }: GitHubRequests, commit: CommitId, rollup: RollupNode): AsyncGenerator<CheckNode> {
  const [owner, name] = slug.split('/');
  for (let page = rollup?.contexts; page !== undefined;) {
    yield* (page.nodes ?? []).filter((node) => node !== null);
    if (!page.pageInfo.hasNextPage) return;
    const variables = { owner, name, commit, after: page.pageInfo.endCursor };
    const next = await http.read({ query: moreChecksDocument, schema: moreChecksAnswer, variables });
    page = next.repository?.object?.statusCheckRollup?.contexts;
  }
}
