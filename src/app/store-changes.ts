import type { RunStore } from '../store/run-store.ts'

/** Tells when a store was changed, by whichever process. */
export interface StoreChanges {
  /** Counts the changes that were noticed so far. Read it before the store, and wait from it. */
  count(): number
  /** Resolves when more changes than `seen` were noticed, after so many milliseconds at most, or when `signal` aborts. */
  after(seen: number, ms: number, signal: AbortSignal): Promise<void>
  /** Asks at once, if somebody waits: this process has saved something that may wake a run. */
  look(): void
  close(): void
}

/** How often the store is asked, in milliseconds. One question reads no table. */
const ASKED_MS = 15

/** Watches a store as long as somebody waits. It does not keep the process alive. */
export function watchStore({ version }: Pick<RunStore, 'version'>): StoreChanges {
  const waiting = new Set<() => void>()
  let known: string | null = null
  let changes = 0
  let timer: NodeJS.Timeout | null = null
  const ask = async () => {
    // A store that can't be asked says so to whoever reads it next.
    const now = await version().catch(() => `unknown ${Date.now()}`)
    if (now === known) return
    known = now
    changes += 1
    for (const wake of [...waiting]) wake()
  }
  const rest = () => {
    if (timer !== null) clearInterval(timer)
    timer = null
  }
  return {
    count: () => changes,
    after(seen, ms, signal) {
      if (changes > seen || signal.aborted) return Promise.resolve()
      return new Promise((done) => {
        const wake = () => {
          clearTimeout(late)
          waiting.delete(wake)
          signal.removeEventListener('abort', wake)
          if (waiting.size === 0) rest()
          done()
        }
        const late = setTimeout(wake, ms)
        waiting.add(wake)
        signal.addEventListener('abort', wake, { once: true })
        timer ??= setInterval(() => void ask(), ASKED_MS)
      })
    },
    look() {
      if (waiting.size > 0) void ask()
    },
    close() {
      for (const wake of [...waiting]) wake()
      rest()
    },
  }
}
