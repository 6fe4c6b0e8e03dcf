/**
 * The log of a job of Actions as what its commands printed: without the time that each line begins with, and with the
 * runner's own marks as words.
 */
export function readJobText(text: string): string {
  return text
    .replace(/^\uFEFF/, '')
    .split(/\r?\n/)
    .flatMap((line) => readLine(line.replace(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?Z /, '')))
    .join('\n');
}

function readLine(line: string): string[] {
  const [, mark, rest = ''] = /^##\[([a-z]{1,20})\](.*)$/.exec(line) ?? [];
  switch (mark) {
    case undefined:
    case 'group':
    case 'section':
      return [mark === undefined ? line : rest];
    case 'endgroup':
    case 'debug':
      return [];
    case 'command':
      return [`$ ${rest}`];
    default:
      return [`${mark}: ${rest}`];
  }
}
