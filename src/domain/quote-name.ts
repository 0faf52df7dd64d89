/** A name as a statement for people writes it: in quotes only where PostgreSQL needs them. */
export const quoteName = (name: string): string =>
  /^[a-z_][a-z0-9_]*$/.test(name) ? name : `"${name.replaceAll('"', '""')}"`
