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
  { name: 'takeIn', key: 'p' },
  { name: 'cutOut', key: 'r' },
  { name: 'scope', key: 'o' },
  { name: 'brush', key: 'b' },
  { name: 'eyedropper', key: 'i' },
] as const;
export type ToolName = (typeof TOOLS)[number]['name'];

/** What is done at once to the cells that are chosen. */
export const DEEDS = [
  { name: 'merge', key: 'm' },
  { name: 'settle', key: 'd' },
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
  'scope',
];

/** Tools that draw while the button is down instead of moving the map. */
export const STROKE_TOOLS: readonly ToolName[] = ['lasso', 'brush'];

/** Tools that draw a loop around ground that goes from one to another. */
export const LOOP_TOOLS: readonly ToolName[] = ['transfer', 'takeIn', 'cutOut'];

/** Tools that draw where a border will be: along streets too. */
export const BORDER_TOOLS: readonly ToolName[] = ['split', 'scope', ...LOOP_TOOLS];

/** Tools that put point after point until the line or loop is finished. */
export const SKETCH_TOOLS: readonly ToolName[] = [...BORDER_TOOLS, 'lasso'];

/** Why a tool or a deed cannot be taken up, and what a click was meant for and did not meet. */
export type Why =
  | 'chooseTwo'
  | 'chooseSome'
  | 'chooseOne'
  | 'chooseOwner'
  | 'chooseFromTo'
  | 'chooseUndecided'
  | 'noVertex'
  | 'noBorder'
  | 'noStreet'
  | 'noOutline';

/** Why a tool cannot be taken up, by how many cells are chosen and whether there are owners. */
export function whyNotTool(tool: ToolName, chosen: number, isOwned: boolean): Why | null {
  if (tool === 'transfer' && chosen !== 2) return 'chooseFromTo';
  if ((tool === 'takeIn' || tool === 'cutOut') && chosen !== 1) return 'chooseOne';
  if (tool === 'brush' && !isOwned) return 'chooseOwner';
  return null;
}
