import type { TokenKind } from './facts.ts';

/** Where each kind of token gets what it lacks: one way to mend it, with the address to click. */

export interface TokenPlace {
  kind: TokenKind;
  /** `owner/name`. */
  slug: string;
  serverUrl: string;
}

/** `permissions` as a workflow writes them, e.g. `contents: write`. */
export function whereToGrant({ kind, slug, serverUrl }: TokenPlace, permissions: string): string {
  switch (kind) {
    case 'actions':
      return `add ${permissions} under permissions: of the job in the workflow`;
    case 'app':
      return `set ${permissions} in the App’s settings under Permissions, then accept it for ${slug}: ${serverUrl}/settings/installations`;
    case 'fine-grained':
      return `edit the token and set ${permissions} for ${slug}: ${serverUrl}/settings/personal-access-tokens`;
    case 'classic':
      return `tick the scope repo (public_repo for a public repository) of the token: ${serverUrl}/settings/tokens`;
    case 'oauth':
      return `sign in again with the scope repo, e.g. gh auth refresh -s repo`;
    default:
      return `give the token ${permissions} for ${slug}`;
  }
}

/** For a token that is wrong or has expired. */
export function whereToRenew({ kind, serverUrl }: TokenPlace): string {
  switch (kind) {
    case 'actions':
      return 'pass github.token of this very job: it ends with the job';
    case 'app':
      return 'create a new installation token: one lasts an hour';
    case 'fine-grained':
      return `create or regenerate the token: ${serverUrl}/settings/personal-access-tokens`;
    case 'classic':
      return `create or regenerate the token: ${serverUrl}/settings/tokens`;
    case 'oauth':
      return 'sign in again, e.g. gh auth login';
    default:
      return `create a token: ${serverUrl}/settings/personal-access-tokens`;
  }
}

/** For an organization that asks for single sign-on. */
export function whereToAuthorize({ kind, slug, serverUrl }: TokenPlace): string {
  const [owner = ''] = slug.split('/');
  if (kind === 'oauth') return `sign in to ${owner} with single sign-on, then run gh auth refresh`;
  return `choose “Configure SSO” beside the token and authorize it for ${owner}: ${serverUrl}/settings/${kind === 'fine-grained' ? 'personal-access-tokens' : 'tokens'}`;
}

/** GitHub tells a permission as `pull_requests=write`; a workflow writes it so. Alternatives are separated by `;`. */
export function describePermissions(header: string): string {
  return header
    .slice(0, 300)
    .replaceAll(/[^a-z_=,;\s]/gi, '')
    .split(';')
    .map((set) =>
      set
        .split(',')
        .map((pair) => pair.trim().replaceAll('_', '-').replace('=', ': '))
        .join(', '),
    )
    .join(' or ');
}

/** What each write of the GraphQL interface needs, which GitHub itself does not tell. */
const needed: Readonly<Record<string, string>> = {
  addComment: 'issues: write',
  addLabelsToLabelable: 'issues: write',
  addPullRequestReviewThreadReply: 'pull-requests: write',
  convertPullRequestToDraft: 'pull-requests: write',
  createLabel: 'issues: write',
  createPullRequest: 'pull-requests: write',
  markPullRequestReadyForReview: 'pull-requests: write',
  removeAssigneesFromAssignable: 'issues: write',
  removeLabelsFromLabelable: 'issues: write',
  requestReviews: 'pull-requests: write',
  resolveReviewThread: 'contents: write',
  updateIssueComment: 'issues: write',
  updatePullRequest: 'pull-requests: write',
  updateRefs: 'contents: write',
};
const everything = 'contents: write, pull-requests: write, issues: write';

/** The permission for a field of a mutation; all that bugloop needs where the field is not known. */
export function permissionFor(field: string | undefined): string {
  return needed[field ?? ''] ?? everything;
}
