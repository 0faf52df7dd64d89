/**
 * A host needs the system's ssh, because the package ssh2 can't do what its settings, keys or server ask for. Nothing was sent then but, at
 * most, a key exchange without result.
 */
export class NeedsSsh extends Error {
  /** What only ssh can do: names of settings, or the beginning of a sentence about it. */
  readonly needs: readonly string[]

  constructor(needs: readonly string[]) {
    super(`only ssh can follow: ${needs.join(', ')}`)
    this.name = 'NeedsSsh'
    this.needs = needs
  }
}

/** Reads a value. What only ssh can follow goes to `needs`, and the value is the other one then. */
export function orNeed<T>(needs: string[], read: () => T, otherwise: T): T {
  try {
    return read()
  } catch (error) {
    if (!(error instanceof NeedsSsh)) throw error
    needs.push(...error.needs)
    return otherwise
  }
}
