/** What `dispatch` asks of the forge besides what a run does. Types only: `open-site.ts` builds the value. */
export interface Inbox {
  /** Whether the comment was answered before; marks it as seen by a reaction of our own. */
  receive(comment: CommentRef): Promise<{ answered: boolean }>;
  /** The one answer to the comment. False where somebody else's stands: of several that answer at once, one is first. */
  answer(comment: CommentRef, text: string): Promise<boolean>;
  /** The issue that a change of ours is about, told by its branch in this very repository; `undefined` for every other. */
  issueOf(change: number): Promise<number | undefined>;
  /** Open changes from branches of ours in this very repository. */
  openChanges(): Promise<{ number: number; branch: string }[]>;
  /** Numbers of open issues with that label, oldest first. */
  labelled(label: string): Promise<number[]>;
}

export interface CommentRef {
  /** Number of the issue or change that it is on. */
  place: number;
  id: number;
}
