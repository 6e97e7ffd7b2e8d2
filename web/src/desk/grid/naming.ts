/** Names of properties that mostly name cells, the likeliest first. */
const NAMING = [/name|名称/i, /code|编码/i, /ward|cell|网格/i];

/** The property by which cells are named until somebody says otherwise. */
export function namingField(fields: readonly string[]): string | null {
  for (const pattern of NAMING) {
    const found = fields.find((field) => pattern.test(field));
    if (found !== undefined) return found;
  }
  return null;
}
