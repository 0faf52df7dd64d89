/** What was read from a target since the page was opened, by what was asked. It goes with the page. */
const kept = new Map<string, { data: unknown; at: string }>()
const MAX_KEPT = 100

export function keepAnswer(key: string, data: unknown): void {
  kept.delete(key)
  kept.set(key, { data, at: new Date().toISOString() })
  const [oldest] = kept.keys()
  if (kept.size > MAX_KEPT && oldest !== undefined) kept.delete(oldest)
}

export const keptAnswer = (key: string) => kept.get(key)

/** Forgets everything, as when somebody signs out. */
export const forgetKept = () => kept.clear()
