import { setTimeout as sleep } from 'node:timers/promises'
import type { EffectContext } from '../../domain/effect.ts'
import { Stop } from '../../domain/errors.ts'
import type { MigrationBundleSpec } from '../../migration/migration-bundle-spec.ts'

/** The first pause, in seconds. Each is twice as long as the one before, up to the longest. */
const FIRST_PAUSE = 1
const LONGEST_PAUSE = 30

/**
 * Works, and works again where another session held a lock for longer than the timeout, because a long query of others ends at some time
 * and a queue behind a waiting migration must not grow. The pauses grow, within the time that bundle.yaml gives and the plan shows.
 * @param work a transaction of which nothing remains when it stops
 * @throws what the last attempt threw, with the number of attempts where there were several
 */
export async function withLockRetries<T>(
  { signal, progress }: Pick<EffectContext, 'signal' | 'progress'>,
  { lockRetrySeconds = 0 }: Pick<MigrationBundleSpec, 'lockRetrySeconds'>,
  work: () => Promise<T>,
): Promise<T> {
  const until = performance.now() + lockRetrySeconds * 1_000
  for (let attempt = 1, pause = FIRST_PAUSE; ; attempt += 1, pause = Math.min(pause * 2, LONGEST_PAUSE)) {
    try {
      return await work()
    } catch (error) {
      if (!(error instanceof Stop) || error.facts.code !== 'STOP_TARGET_LOCKED') throw error
      if (performance.now() + pause * 1_000 > until) throw attempt === 1 ? error : triedOften(error, attempt)
      progress(`a lock was not granted; attempt ${attempt + 1} follows in ${pause} s`)
      await sleep(pause * 1_000, undefined, { signal })
    }
  }
}

function triedOften(error: Stop, attempts: number): Stop {
  const { code, next, data } = error.facts
  return new Stop(code, `${error.message}; tried ${attempts} times`, {
    ...(next === undefined ? {} : { next }),
    data: { ...data, attempts },
    cause: error,
  })
}
