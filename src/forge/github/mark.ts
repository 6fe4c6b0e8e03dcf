import { statusMarker } from '../../core/views/status-comment.ts';
import type { Marked, Marks, Standing } from '../../ports.ts';
import { markAnswer, markDocument, type MarkAnswer, type MarkPart } from './documents.ts';
import type { Http } from './http.ts';
import { findTrouble } from './trouble.ts';

/** One comment of our own. */
export interface Comment {
  id: string;
  url: string;
  body: string;
}

/** One look with what only GitHub's own requests need. */
export interface Seen {
  standing: Standing;
  /** Number of the account of the token. */
  self?: number;
  repositoryId: string;
  issueId: string;
  /** Tree of the newest base: what a commit without content of its own points to. */
  baseTree: string;
  /** Labels of the configuration that the repository has. */
  known: readonly Label[];
  labels: readonly Label[];
  assignees: readonly { id: string; login: string }[];
  /** Our own, from every page. */
  comments: readonly Comment[];
  lockRef: string;
  /** Login of the account that we write with, and of whoever wrote the issue. */
  viewer: string;
  reporter: string | undefined;
  /** Ids of the branch's changes by number. */
  changeIds: ReadonlyMap<number, string>;
}
interface Label {
  id: string;
  name: string;
}

/** Colour of a label that has to be made: a quiet grey-blue. */
const labelColor = '5a6b8c';
const noCommit = '0'.repeat(40);

/**
 * Makes the issue look as it should: what differs from the newest look goes into one document. Whatever comes back, the
 * next step is another look and only what is still missing, so that nothing is made twice and parts that failed are seen.
 */
export async function markOnce(
  http: Http,
  options: { redact: (text: string) => string },
  first: Seen,
  marks: Marks,
  look: () => Promise<Seen>,
): Promise<{ marked: Marked; seen: Seen }> {
  const wanted = redacted(marks, options.redact);
  let seen = first;
  let refused: unknown;
  return http.once({
    find: async () => {
      seen = await look();
      return partsFor(seen, wanted).length === 0 ? result(seen) : undefined;
    },
    async make() {
      for (;;) {
        const missing = missingLabels(seen, wanted);
        const parts = missing.length > 0 ? missing : partsFor(seen, wanted);
        if (parts.length === 0) return result(seen);
        try {
          const answer = await http.send({ ...markDocument(parts), schema: markAnswer });
          seen = parts.reduce((before, part, index) => afterPart(before, part, answer[`p${index}`] ?? {}), seen);
          if (missing.length === 0) return result(seen);
        } catch (error) {
          // Some parts were refused, perhaps because somebody else was quicker: look, and try what is left once more.
          if (findTrouble(error)?.trouble.outcome !== 'refused' || refused !== undefined) throw error;
          refused = error;
          seen = await look();
        }
      }
    },
  });
}

function redacted(marks: Marks, redact: (text: string) => string): Marks {
  return {
    ...marks,
    ...(marks.status === undefined ? {} : { status: redact(marks.status) }),
    ...(marks.comment === undefined ? {} : { comment: { ...marks.comment, text: redact(marks.comment.text) } }),
  };
}

function result(seen: Seen): { marked: Marked; seen: Seen } {
  const { status } = seen.standing;
  return { marked: { done: true, ...(status === undefined ? {} : { statusUrl: status.url }) }, seen };
}

/** What the next look would show of a part that was carried out: later writes start from here. */
export function afterPart(seen: Seen, part: MarkPart, { label, commentEdge }: NonNullable<MarkAnswer[string]>): Seen {
  switch (part.field) {
    case 'createLabel':
      return label == null ? seen : { ...seen, known: [...seen.known, label] };
    case 'addLabelsToLabelable':
      return { ...seen, labels: [...seen.labels, ...seen.known.filter(({ id }) => part.input.labelIds.includes(id))] };
    case 'removeLabelsFromLabelable':
      return { ...seen, labels: seen.labels.filter(({ id }) => !part.input.labelIds.includes(id)) };
    case 'removeAssigneesFromAssignable':
      return { ...seen, assignees: seen.assignees.filter(({ id }) => !part.input.assigneeIds.includes(id)) };
    case 'addComment':
      return commentEdge?.node == null ? seen : withComment(seen, { ...commentEdge.node, body: part.input.body });
    case 'updateIssueComment':
      return withStatus(seen, part.input.body);
    default: {
      const { lock: _, ...standing } = seen.standing;
      return { ...seen, standing };
    }
  }
}

function withComment(seen: Seen, comment: Comment): Seen {
  const known = { ...seen, comments: [...seen.comments, comment] };
  if (!comment.body.startsWith(statusMarker)) return known;
  const status = { id: comment.id, url: comment.url, text: comment.body };
  return { ...known, standing: { ...seen.standing, status } };
}

function withStatus(seen: Seen, text: string): Seen {
  const { status } = seen.standing;
  return status === undefined ? seen : { ...seen, standing: { ...seen.standing, status: { ...status, text } } };
}

/** What is still to be done, in the order in which people should see it. */
export function partsFor(seen: Seen, marks: Marks): MarkPart[] {
  const { standing, issueId, repositoryId } = seen;
  const parts: MarkPart[] = [];
  const add = idsOf(
    seen.known,
    (marks.add ?? []).filter((name) => !has(seen.labels, name)),
  );
  const remove = idsOf(seen.labels, marks.remove ?? []);
  const assigneeIds = seen.assignees
    .filter(({ login }) => marks.unassign?.some((name) => same(name, login)) === true)
    .map(({ id }) => id);
  if (add.length > 0) parts.push({ field: 'addLabelsToLabelable', input: { labelableId: issueId, labelIds: add } });
  if (remove.length > 0) parts.push({ field: 'removeLabelsFromLabelable', input: { labelableId: issueId, labelIds: remove } });
  if (assigneeIds.length > 0) {
    parts.push({ field: 'removeAssigneesFromAssignable', input: { assignableId: issueId, assigneeIds } });
  }
  const { status } = standing;
  if (marks.status !== undefined && status === undefined) {
    parts.push({ field: 'addComment', input: { subjectId: issueId, body: marks.status } });
  } else if (marks.status !== undefined && status !== undefined && !sameText(status.text, marks.status)) {
    parts.push({ field: 'updateIssueComment', input: { id: status.id, body: marks.status } });
  }
  const { comment } = marks;
  if (comment !== undefined && !seen.comments.some(({ body }) => body.startsWith(markerOf(comment.key)))) {
    parts.push({ field: 'addComment', input: { subjectId: issueId, body: `${markerOf(comment.key)}\n${comment.text}` } });
  }
  const { lock } = standing;
  if (marks.release !== undefined && lock?.run === marks.release) {
    const update = { name: seen.lockRef, beforeOid: lock.commit, afterOid: noCommit };
    parts.push({ field: 'updateRefs', input: { repositoryId, refUpdates: [update] } });
  }
  return parts;
}

export function missingLabels(seen: Seen, { add = [] }: Marks): MarkPart[] {
  return add
    .filter((name) => !has(seen.known, name) && !has(seen.labels, name))
    .map((name) => ({ field: 'createLabel', input: { repositoryId: seen.repositoryId, name, color: labelColor } }));
}

function idsOf(labels: readonly Label[], names: readonly string[]): string[] {
  return labels.filter(({ name }) => names.some((wanted) => same(wanted, name))).map(({ id }) => id);
}

function has(labels: readonly Label[], name: string): boolean {
  return labels.some((label) => same(label.name, name));
}

/** GitHub compares labels and logins without regard to case. */
function same(one: string, other: string): boolean {
  return one.toLowerCase() === other.toLowerCase();
}

/** GitHub may change line ends and trim what it stores. */
function sameText(stored: string, wanted: string): boolean {
  return stored.replaceAll('\r\n', '\n').trim() === wanted.trim();
}

function markerOf(key: string): string {
  return `<!-- bugloop:comment ${key.replaceAll(/[^A-Za-z0-9._-]+/g, '-').slice(0, 100)} -->`;
}
