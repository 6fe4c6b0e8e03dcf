const maxLength = 200;
/** What git allows beyond these is either hostile or unreadable in a command line, a URL or a log. */
const characters = /^[\p{L}\p{N}._/+@#=%,-]+$/u;

/**
 * Whether `name` is safe as the short name of a branch. Stricter than git: the rules of git-check-ref-format(1)
 * with `--branch`, and no shell metacharacters, no leading dash, and no full ref such as `refs/heads/main`.
 */
export function isValidRef(name: string): boolean {
  return (
    name.length <= maxLength &&
    characters.test(name) &&
    !name.startsWith('-') &&
    !name.startsWith('refs/') &&
    name !== '@' &&
    name !== 'HEAD' &&
    !name.includes('..') &&
    !name.includes('@{') &&
    !name.endsWith('.') &&
    name.split('/').every(isValidComponent)
  );
}

function isValidComponent(component: string): boolean {
  return component !== '' && !component.startsWith('.') && !component.startsWith('-') && !component.endsWith('.lock');
}

/** Whether `prefix` makes a valid branch name once something such as `issue-12` follows it. */
export function isValidRefPrefix(prefix: string): boolean {
  return prefix !== '' && isValidRef(`${prefix}issue-1`);
}
