import { useEffect, useState } from 'preact/hooks'
import type { Problem } from './answers.ts'
import { ApiError } from './api.ts'

export interface Answer<T> {
  data: T | null
  problem: Problem | null
  /** Asks again. What was answered stays until the new answer is there. */
  reload(): void
}

/**
 * Asks the service and asks again when `key` or `version` changes. A new key forgets the earlier answer; a new version keeps it until the
 * next one is there, so that nothing flickers. A null key asks nothing.
 */
export function useAnswer<T>(key: string | null, ask: () => Promise<T>, version: unknown = 0): Answer<T> {
  const [state, setState] = useState<{ key: string | null; data: T | null; problem: Problem | null }>({
    key: null,
    data: null,
    problem: null,
  })
  const [again, setAgain] = useState(0)
  useEffect(() => {
    if (key === null) return
    let isCurrent = true
    ask().then(
      (data) => isCurrent && setState({ key, data, problem: null }),
      (error: unknown) => {
        if (isCurrent)
          setState((before) => ({
            key,
            data: before.key === key ? before.data : null,
            problem: problemFrom(error),
          }))
      },
    )
    return () => {
      isCurrent = false
    }
  }, [key, version, again])
  const isMine = state.key === key
  return {
    data: isMine ? state.data : null,
    problem: isMine ? state.problem : null,
    reload: () => setAgain((count) => count + 1),
  }
}

export const problemFrom = (error: unknown): Problem =>
  error instanceof ApiError
    ? error.problem
    : { status: 0, code: 'PAGE', detail: error instanceof Error ? error.message : String(error) }
