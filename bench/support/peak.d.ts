export function peakKB(): number;
