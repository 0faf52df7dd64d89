/** How long what another host saves may stay unnoticed, in milliseconds: each host asks the server once in this time, however often it is asked. */
const ASKED_MS = 1_000

/** Remembers the version of a store for a second. What this process saves is noticed at once. */
export function watchVersion(ask: () => Promise<string>) {
  let known: { version: Promise<string>; at: number } | null = null
  return {
    read(): Promise<string> {
      if (known !== null && performance.now() - known.at < ASKED_MS) return known.version
      const version = ask()
      known = { version, at: performance.now() }
      version.catch(() => {
        known = null
      })
      return version
    },
    forget(): void {
      known = null
    },
  }
}
