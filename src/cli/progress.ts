import type { HistoryEntry } from '../domain/history-entry.ts'
import type { Run } from '../domain/run.ts'
import type { Io } from './io.ts'
import { lengthOf } from './relative-time.ts'

/** What a person at a terminal sees of work: each step as it is saved, and below it how long the present phase has taken. */
export interface Progress {
  onStep(run: Run, entry: HistoryEntry): void
  onProgress(run: Run, text: string): void
  /** Removes what is shown of the present phase. */
  done(): void
}

/** How often the line is written again, and from when on a phase counts as long, in milliseconds. */
const EVERY_MS = 1_000
const LONG_MS = 2_000

const dim = (text: string) => ({ text, style: 'dim' }) as const

export function showProgress(io: Pick<Io, 'err' | 'live'>): Progress {
  let phase: string | null = null
  let began = 0
  let seq = 0
  let latest = ''
  const timer = setInterval(() => {
    const elapsed = Date.now() - began
    if (phase === null || elapsed < LONG_MS) return
    io.live(`     ${phase}, ${lengthOf(elapsed)}, step ${seq + 1}${latest === '' ? '' : `: ${latest}`}`)
  }, EVERY_MS)
  timer.unref()
  return {
    onStep(run, entry) {
      const next = run.phase === null ? [] : [dim(`  → ${run.phase}`)]
      io.err([dim(String(entry.seq).padStart(3)), `  ${run.state}`, ...next])
      phase = run.phase
      began = Date.now()
      seq = entry.seq
      latest = ''
    },
    onProgress(_, text) {
      io.err([dim(`     ${text}`)])
      latest = text
    },
    done() {
      clearInterval(timer)
      io.live(null)
    },
  }
}
