/** A row of a table as better-sqlite3 reads and binds it: snake_case columns, JSON as text or packed. */
export type Row = Record<string, string | number | Uint8Array | null>
