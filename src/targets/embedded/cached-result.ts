interface CachedResult<T> {
  /** Does the work at the first call, and returns the same result afterwards. */
  (): Promise<T>
  /** Makes the next call do the work again. */
  forget(): void
  /** The result if the work was started, or null. */
  started(): Promise<T> | null
}

/** Keeps the result of work. After a failure the next call tries again, because a long-lived process outlasts a temporary fault. */
export function cacheResult<T>(work: () => Promise<T>): CachedResult<T> {
  let kept: Promise<T> | null = null
  const call = () => {
    if (kept !== null) return kept
    const made = work()
    kept = made
    made.catch(() => {
      if (kept === made) kept = null
    })
    return made
  }
  const forget = () => {
    kept = null
  }
  return Object.assign(call, { forget, started: () => kept })
}
