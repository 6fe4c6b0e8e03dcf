/** Whether an account is one that we write as. */
export type IsOurs = (account: { databaseId?: number | null | undefined } | null) => boolean;

/** Told by number: names can be given up and taken by somebody else, and the token in use is only one of our accounts. */
export function ownedBy(accounts: Iterable<number | null>): IsOurs {
  const numbers = new Set(accounts);
  return (account) => account?.databaseId != null && numbers.has(account.databaseId);
}
