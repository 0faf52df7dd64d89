import type { Problem } from './answers.ts'
import { keepAnswer, keptAnswer } from './kept-answers.ts'
import { useAnswer } from './use-answer.ts'

/** An answer, or the one before it with the time at which it was read. */
export interface Kept<T> {
  data: T | null
  /** Set where the target or the service can't be reached. */
  readAt: string | null
  problem: Problem | null
}

/** What a problem is called when what was read before may still be true. */
const AWAY = ['TARGET_UNREACHABLE', 'TARGET_REFUSED', 'OFFLINE']

/** Reads from a target. When it can't be reached, what was read before is shown, with its time. Nothing is shown as empty instead. */
export function useKept<T>(key: string, ask: () => Promise<T>, version: unknown): Kept<T> {
  const { data, problem } = useAnswer(
    key,
    async () => {
      const answer = await ask()
      keepAnswer(key, answer)
      return answer
    },
    version,
  )
  const before = keptAnswer(key)
  if (problem === null) return { data, readAt: null, problem }
  if (!AWAY.includes(problem.code) || before === undefined) return { data: null, readAt: null, problem }
  return { data: before.data as T, readAt: before.at, problem }
}
