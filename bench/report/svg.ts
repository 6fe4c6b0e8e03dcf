/** The two plots the page needs, as SVG text: no script, colours from the page's style sheet. */

export interface Bar {
  label: string;
  value: number;
  /** Printed at its end. */
  text: string;
  style: 'good' | 'bad' | 'plain' | 'peer' | 'limit';
}

const [labelWidth, barWidth, textWidth, rowHeight] = [330, 300, 130, 22];

/** Horizontal bars from zero; `mark` is a line over all of them, e.g. a bar to reach. */
export function drawBars(bars: readonly Bar[], mark?: { value: number; text: string }): string {
  const most = Math.max(1e-9, mark?.value ?? 0, ...bars.map(({ value }) => value)) * 1.02;
  const x = (value: number): number => labelWidth + (barWidth * Math.min(value, most)) / most;
  const height = bars.length * rowHeight + (mark === undefined ? 4 : 20);
  const rows = bars.map(({ label, value, text, style }, index) => {
    const y = index * rowHeight;
    return [
      `<text class="label" x="${labelWidth - 8}" y="${y + 15}">${escape(label)}</text>`,
      `<rect class="${style}" x="${labelWidth}" y="${y + 3}" width="${number(x(value) - labelWidth)}" height="${rowHeight - 6}"/>`,
      `<text x="${number(x(value) + 5)}" y="${y + 15}">${escape(text)}</text>`,
    ].join('');
  });
  const line =
    mark === undefined
      ? ''
      : `<line class="mark" x1="${number(x(mark.value))}" x2="${number(x(mark.value))}" y1="0" y2="${height - 16}"/>` +
        `<text class="mark" x="${number(x(mark.value))}" y="${height - 4}">${escape(mark.text)}</text>`;
  return frame(labelWidth + barWidth + textWidth, height, rows.join('') + line);
}

/** Single measurements in the order they were taken, from zero; `marks` are lines across. */
export function drawPoints(
  values: readonly number[],
  marks: readonly { value: number; text: string }[],
  text: (value: number) => string,
): string {
  const [left, width, height] = [70, 560, 150];
  const most = Math.max(1e-9, ...values, ...marks.map(({ value }) => value)) * 1.08;
  const x = (index: number): number => left + (width * (index + 0.5)) / values.length;
  const y = (value: number): number => height - ((height - 10) * value) / most;
  const points = values.map(
    (value, index) =>
      `<circle cx="${number(x(index))}" cy="${number(y(value))}" r="3"><title>${escape(text(value))}</title></circle>`,
  );
  const lines = marks.map(
    ({ value, text }) =>
      `<line class="mark" x1="${left}" x2="${left + width}" y1="${number(y(value))}" y2="${number(y(value))}"/>` +
      `<text class="end" x="${left + width + 5}" y="${number(y(value) + 4)}">${escape(text)}</text>`,
  );
  const axis =
    `<line class="axis" x1="${left}" x2="${left + width}" y1="${height}" y2="${height}"/>` +
    `<text class="label" x="${left - 8}" y="${height}">0</text>` +
    `<text class="label" x="${left - 8}" y="${number(y(Math.max(...values)) + 4)}">${escape(text(Math.max(...values)))}</text>`;
  return frame(left + width + 130, height + 8, axis + lines.join('') + points.join(''));
}

function frame(width: number, height: number, inner: string): string {
  return `<svg viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" xmlns="http://www.w3.org/2000/svg">${inner}</svg>`;
}

const number = (value: number): string => String(Number(value.toFixed(1)));

export function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}
