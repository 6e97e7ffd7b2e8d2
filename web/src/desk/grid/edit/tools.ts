/** What the hand does on the map, and by which key it is taken up. */
export const TOOLS = [
  { name: 'select', key: 'v' },
  { name: 'lasso', key: 'l' },
  { name: 'move', key: 'e' },
  { name: 'insert', key: 'a' },
  { name: 'delete', key: 'x' },
  { name: 'straighten', key: 't' },
  { name: 'follow', key: 'f' },
  { name: 'split', key: 's' },
  { name: 'transfer', key: 'g' },
  { name: 'brush', key: 'b' },
  { name: 'eyedropper', key: 'i' },
] as const;
export type ToolName = (typeof TOOLS)[number]['name'];

/** What is done at once to the cells that are chosen. */
export const DEEDS = [
  { name: 'merge', key: 'm' },
  { name: 'lock', key: 'k' },
] as const;
export type DeedName = (typeof DEEDS)[number]['name'];

/** Tools that take hold of vertices, which are shown then. */
export const VERTEX_TOOLS: readonly ToolName[] = [
  'move',
  'insert',
  'delete',
  'straighten',
  'follow',
  'split',
];

/** Tools that draw while the button is down instead of moving the map. */
export const STROKE_TOOLS: readonly ToolName[] = ['lasso', 'brush'];

/** Tools that put point after point until the line or loop is finished. */
export const SKETCH_TOOLS: readonly ToolName[] = ['split', 'transfer', 'lasso'];
