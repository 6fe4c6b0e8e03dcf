import { createHmac, randomUUID } from 'node:crypto';
import { describeAccount, describeRepository } from './render.ts';
import type { Caller, Repository } from './state.ts';
import type { Delivery, World } from './world.ts';

/** Records a webhook, signed, and sends it where a receiver is set. */
export function emit(
  world: World,
  caller: Caller,
  event: string,
  repository: Repository,
  content: Record<string, unknown> & { action?: string },
  { quiet = false }: { /** Actions starts nothing for it. */ quiet?: boolean } = {},
): void {
  const sender = caller.account ?? repository.owner;
  const payload = { ...content, repository: describeRepository(world, repository), sender: describeAccount(world, sender) };
  const body = JSON.stringify(payload);
  const id = randomUUID();
  const signature = createHmac('sha256', world.webhooks.secret).update(body).digest('hex');
  const headers = {
    'content-type': 'application/json',
    'user-agent': 'GitHub-Hookshot/044aadd',
    'x-github-delivery': id,
    'x-github-event': event,
    'x-github-hook-id': '1',
    'x-github-hook-installation-target-id': String(repository.id),
    'x-github-hook-installation-target-type': 'repository',
    'x-hub-signature-256': `sha256=${signature}`,
  };
  const startsWorkflows = caller.token?.kind !== 'actions' && !quiet;
  const delivery: Delivery = {
    id,
    event,
    payload,
    body,
    headers,
    startsWorkflows,
    ...(content.action ? { action: content.action } : {}),
  };
  world.deliveries.push(delivery);
  if (world.webhooks.url) void deliver(world, world.webhooks.url, delivery);
}

/** Sends a recorded webhook; GitHub does not try again by itself. */
export function deliver(world: World, url: string, delivery: Delivery): Promise<void> {
  const sent = fetch(url, { method: 'POST', headers: delivery.headers, body: delivery.body, signal: AbortSignal.timeout(10_000) })
    .then((response) => void (delivery.answered = response.status))
    .catch(() => {})
    .finally(() => world.pending.delete(sent));
  world.pending.add(sent);
  return sent;
}
