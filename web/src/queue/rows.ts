import type { QueueItem } from './select';

export const ROW_PX = 44;
const GROUP_PX = 28;

/** Where each item begins, and last where the list ends. */
export function offsetsOf(items: QueueItem[]): number[] {
  const offsets = [0];
  for (const item of items) {
    offsets.push(offsets.at(-1)! + (item.kind === 'case' ? ROW_PX : GROUP_PX));
  }
  return offsets;
}

/** The item that covers a height, by halving; the last one below the end. */
export function itemAt(offsets: number[], y: number): number {
  let low = 0;
  let high = Math.max(0, offsets.length - 2);
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (offsets[middle]! <= y) low = middle;
    else high = middle - 1;
  }
  return low;
}
