import type { Config } from '../../src/core/config.ts';
import type { Snapshot } from '../../src/core/snapshot.ts';

/**
 * The contract's paragraph on the gate, read once more and written down sentence by sentence, without a look at how
 * `core/gate` does it: a second opinion for the truth table. It names what holds a change back by the words of the
 * contract. Its trees are simpler than the guards': it knows the few protected names that the table uses.
 */
export function holdsBack(s: Snapshot, config: Config): Set<string> {
  const no = new Set<string>();
  const tip = s.head.commit;

  // "mark ready" can only happen to an open change from a branch of ours in this very repository.
  if (s.state !== 'open' || s.head.repository !== s.base.repository || s.head.branch.indexOf(config.branchPrefix) !== 0)
    no.add('origin');
  // "mergeable"
  if (s.mergeable !== 'yes') no.add('mergeable');
  // "every page"
  if (s.missing.length) no.add('complete');
  // An escalated change belongs to a person.
  for (const l of s.labels) if (l.toLowerCase() === config.labels.needsHuman.toLowerCase()) no.add('escalation');

  // "unresolved threads", "outdated is not resolved"
  let unresolved = 0;
  for (const t of s.threads) unresolved += t.resolved ? 0 : 1;
  if (unresolved > 0) no.add('threads');

  // "changes requested (latest review per reviewer)": walk through time, keep who is unhappy and who is content.
  const unhappy = new Set<string>();
  const content = new Map<string, { on: string | undefined; counts: boolean }>();
  const inTime = s.reviews.map((r, i) => ({ r, i })).sort((a, b) => a.r.submittedAt.localeCompare(b.r.submittedAt) || a.i - b.i);
  for (const { r, i } of inTime) {
    const who = r.author ? `id ${r.author.id}` : `ghost ${i}`;
    if (r.state === 'changes-requested') {
      unhappy.add(who);
      content.delete(who);
    } else if (r.state === 'approved') {
      unhappy.delete(who);
      content.set(who, { on: r.commit, counts: r.mayWrite && r.author !== undefined && r.author.kind === 'user' });
    }
  }
  if (unhappy.size > 0) no.add('changes requested');

  // "approvals": of distinct humans with write, neither author nor requester, on the current head.
  for (const q of s.requests) if ('label' in q && q.label === config.labels.trigger) content.delete(`id ${q.by}`);
  content.delete(`id ${s.us.id}`);
  if (s.author) content.delete(`id ${s.author.id}`);
  let approvals = 0;
  for (const a of content.values()) if (a.counts && a.on === tip) approvals++;
  let wanted = config.gate.approvals;
  const touchesSensitive = s.change?.files.some((f) => config.sensitiveWords.some((w) => f.path.split(/[/.]/).includes(w)));
  if ((typeof s.proof === 'object' && s.proof.needsHuman.length > 0) || touchesSensitive) wanted = wanted < 1 ? 1 : wanted;
  if (approvals < wanted) no.add('approvals');

  // "checks and statuses in six states", "facts for the exact head SHA", "own check left out", "none is not green"
  const mine = (c: Snapshot['checks'][number]): boolean =>
    c.name === 'bugloop/gate' ||
    (c.workflow !== undefined && (c.workflow.run === s.ownRun || c.workflow.file === '.github/workflows/bugloop-gate.yml'));
  let green = 0;
  for (const c of s.checks) {
    if (c.commit !== tip || mine(c)) continue;
    const newer = s.checks.some(
      (d) =>
        d !== c &&
        d.commit === tip &&
        !mine(d) &&
        d.name === c.name &&
        d.creator?.id === c.creator?.id &&
        d.creator?.kind === c.creator?.kind &&
        d.workflow?.file === c.workflow?.file &&
        d.workflow?.event === c.workflow?.event &&
        d.startedAt > c.startedAt,
    );
    if (newer) continue;
    if (c.state !== 'passed' && c.state !== 'none') no.add('checks');
    const needed = c.required || s.required.some((q) => q.name === c.name && (q.app === undefined || q.app === c.creator?.id));
    if (c.state === 'none' && needed) no.add('checks');
    const reviewer = config.gate.automaticReviewers.includes(`${c.creator?.login}[bot]`);
    if (c.state === 'passed' && !reviewer && !c.name.startsWith('bugloop/')) green++;
  }
  if (green === 0 && config.gate.ci === 'required') no.add('checks');
  for (const q of s.required) {
    if (q.name === 'bugloop/gate') continue;
    const seen = s.checks.filter((c) => c.commit === tip && c.name === q.name && !mine(c));
    const right = q.app === undefined ? seen : seen.filter((c) => c.creator?.kind === 'app' && c.creator.id === q.app);
    if (right.length === 0) no.add('checks');
  }

  // "automatic reviewers really reviewed this head"
  for (const login of config.agents.reviewer.external ? config.gate.automaticReviewers : []) {
    const real = s.reviews.filter((r) => {
      if (!r.author || r.author.kind !== 'bot' || `${r.author.login}[bot]` !== login) return false;
      if (r.commit !== tip || r.state === 'pending') return false;
      const banner = /review skipped|rate limit exceeded|reviews paused/i.test(r.body);
      // A mere comment has to say something: neither nothing at all, as an answer in a thread does, nor that it did not look.
      const silent = banner || r.body.trim() === '';
      return !(silent && r.state === 'commented' && r.comments === 0);
    });
    if (real.length === 0) no.add('automatic reviewers');
  }

  // "size and protected paths from trees"
  if (!s.change || s.change.head !== tip) {
    no.add('size');
    no.add('protected paths');
  }
  if (s.change) {
    let lines = 0;
    let bytes = 0;
    for (const f of s.change.files) {
      lines += f.addedLines + f.removedLines;
      bytes += f.changedBytes;
      const kept = /^\.github\/|^\.gitattributes$|^package-lock\.json$/.test(f.path) || config.protectedPaths.includes(f.path);
      if (kept || f.newMode === '120000' || f.binary) no.add('protected paths');
    }
    if (lines > config.limits.maxDiffLines || bytes > config.limits.maxDiffBytes) no.add('size');
  }

  // "proof present and for this head"
  if (config.proof.required) {
    const p = s.proof;
    if (p === 'none' || p === 'unreadable' || !p.ok || p.head !== tip || p.by !== s.us.id || p.edited) no.add('proof');
  }
  return no;
}

/**
 * The same for the draft flag, by the contract's words: "on yes: mark ready", "back to draft if the head moved", "never …
 * overwrite a human". Whether the head moved since is known by the head that was written down when it was marked.
 */
export function flagAfter(s: Snapshot, config: Config): 'draft' | 'ready' {
  const open = holdsBack(s, config);
  // Not a change of ours to turn, one way or the other.
  if (open.has('origin')) return s.draft ? 'draft' : 'ready';
  if (open.size === 0) return 'ready';
  if (s.draft) return 'draft';
  const byHuman = s.readiedBy !== 'us';
  const moved = s.told === undefined || s.told.record.ready !== s.head.commit;
  return moved && !byHuman ? 'draft' : 'ready';
}
