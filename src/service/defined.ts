type DefinedOnly<T> = { [Key in keyof T]?: Exclude<T[Key], undefined> }

/** Returns the fields that have a value, for options that may be left out but not be undefined. */
export function definedOnly<T extends object>(fields: T): DefinedOnly<T> {
  return Object.fromEntries(
    Object.entries(fields).filter(([, value]) => value !== undefined),
  ) as DefinedOnly<T>
}
