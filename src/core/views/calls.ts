/** One request or transfer at the forge. */
interface Call {
  kind: 'read' | 'write';
  call: string;
  why: string;
  maybe?: boolean;
}

/** Every call at the forge, in its order. */
export function renderCalls(calls: readonly Call[]): string {
  const width = Math.max(0, ...calls.map(({ call }) => call.length));
  const lines = calls.map(({ kind, call, why, maybe }, index) => {
    const often = maybe === true ? ' (perhaps)' : '';
    return `  ${String(index + 1).padStart(2)} ${kind.padEnd(5)} ${call.padEnd(width)}  ${why}${often}`;
  });
  return calls.length === 0 ? '' : `\nAt the forge, in this order:\n${lines.join('\n')}\n`;
}
