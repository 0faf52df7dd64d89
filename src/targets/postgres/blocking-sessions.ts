import { setTimeout as sleep } from 'node:timers/promises'
import { Stop } from '../../domain/errors.ts'
import { nameInLine } from '../../domain/visible.ts'
import { withSession } from './pg-session.ts'

/** A session that holds a lock for which a session of Cutter waits. Its query is left out, because it may hold values. */
interface BlockingSession {
  /** 0 for a prepared transaction. */
  pid: number
  user: string | null
  application: string | null
  /** When its last query began, ISO 8601; null where the login may not see it. */
  queryStart: string | null
}

/** The longest pause between two readings of what blocks, in milliseconds. */
const PAUSE_MS = 1_000

/**
 * Works, and names the sessions that were in the way where the work stops with STOP_TARGET_LOCKED. The server knows them only while
 * somebody waits, so another session asks during the work. Work that is short needs none.
 * @param watched the URL of the database, the name of the sessions that may wait, and after how many milliseconds they give up
 */
export async function namingBlockers<T>(
  watched: { url: string; applicationName: string; lockTimeoutMs: number },
  work: () => Promise<T>,
): Promise<T> {
  const over = new AbortController()
  let blocking: BlockingSession[] = []
  const watching = watch(watched, over.signal, (found) => {
    blocking = found
  }).catch(() => undefined)
  try {
    return await work()
  } catch (error) {
    throw error instanceof Stop && error.facts.code === 'STOP_TARGET_LOCKED' && blocking.length > 0
      ? withBlockers(error, blocking)
      : error
  } finally {
    over.abort()
    await watching
  }
}

async function watch(
  { url, applicationName, lockTimeoutMs }: Parameters<typeof namingBlockers>[0],
  signal: AbortSignal,
  onFound: (blocking: BlockingSession[]) => void,
): Promise<void> {
  const pause = Math.min(lockTimeoutMs / 3, PAUSE_MS)
  await sleep(pause, undefined, { signal })
  await withSession(url, { applicationName: 'cutter blockers', readOnly: true, signal }, async (client) => {
    while (!signal.aborted) {
      const { rows } = await client.query<BlockingSession>(BLOCKING, [applicationName])
      if (rows.length > 0) onFound(rows)
      await sleep(pause, undefined, { signal })
    }
  })
}

const BLOCKING = `select distinct b.pid, a.usename::pg_catalog.text as user, a.application_name as application, a.query_start as "queryStart"
  from pg_catalog.pg_stat_activity w cross join lateral pg_catalog.unnest(pg_catalog.pg_blocking_pids(w.pid)) b (pid)
    left join pg_catalog.pg_stat_activity a on a.pid operator(pg_catalog.=) b.pid
  where w.application_name operator(pg_catalog.=) $1 and w.datname operator(pg_catalog.=) pg_catalog.current_database()
  order by 1`

function withBlockers(stop: Stop, blocking: BlockingSession[]): Stop {
  const { code, next, data } = stop.facts
  const named = blocking.slice(0, 5).map(describe)
  return new Stop(code, `${stop.message}; in the way: ${named.join('; ')}`, {
    ...(next === undefined ? {} : { next: `${next}. pg_stat_activity shows their queries` }),
    data: { ...data, blocking: blocking.map((one) => ({ ...one })) },
    cause: stop,
  })
}

function describe({ pid, user, application, queryStart }: BlockingSession): string {
  if (pid === 0) return 'a prepared transaction (pg_prepared_xacts)'
  const name = application === null || application === '' ? 'no name' : nameInLine(application)
  const since = queryStart === null ? '' : `, last query since ${queryStart}`
  return `pid ${pid} (user ${nameInLine(user ?? 'unknown')}, application ${name}${since})`
}
