import { formatTime } from './clock.js';
import { formatDays } from './days.js';
import { sameRanges } from './ranges.js';

function formatRanges(ranges) {
  return ranges.map(({ start, end }) => `${formatTime(start)}-${formatTime(end)}`).join(',');
}

/** The shortest text for a week: days with the same hours share one rule. */
export function formatHours(week) {
  const groups = [];
  week.forEach((ranges, day) => {
    if (ranges.length === 0) return;
    const group = groups.find((candidate) => sameRanges(candidate.ranges, ranges));
    if (group === undefined) groups.push({ days: [day], ranges });
    else group.days.push(day);
  });
  if (groups.length === 0) return 'off';
  return groups.map(({ days, ranges }) => `${formatDays(days)} ${formatRanges(ranges)}`).join('; ');
}
