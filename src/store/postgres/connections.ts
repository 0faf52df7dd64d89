import { setTimeout as sleep } from 'node:timers/promises'
import type pg from 'pg'
import type { Row } from '../sqlite/row.ts'
import type { ServerClock } from './server-clock.ts'
import { isLost, isWorthRepeating } from './store-errors.ts'
import { type Begun, begin, commit, EMIT, fateUnknownError, findFate, NOW } from './transaction-fate.ts'

/** Opens one session with the store’s database. */
export type Connect = () => Promise<pg.Client>

/** How a transaction is committed. */
interface CommitOptions {
  /** It does not wait for the disk; whatever is committed later makes this durable too. */
  mayBeLost?: boolean
  /**
   * Whether what the transaction saves is there. Asked where COMMIT got no answer: after a failover or a crash the server may have given the number
   * of the transaction to another one.
   */
  isSaved?(query: Query): Promise<boolean>
}

interface Result {
  rows: Row[]
  changes: number
}

/** Runs one statement with the values of its parameters, in their order. */
export type Query = (text: string, values?: unknown[]) => Promise<Result>

/** The sessions of a store. A pooler in transaction mode may lie between: nothing is kept in a session beyond its transaction. */
export interface Connections {
  /** Runs a statement that reads, or that is a transaction of its own and changes nothing when it is repeated. */
  query: Query
  /**
   * Does what `work` does in one transaction. Repeats all of it where the server chose it as the victim of a deadlock, or the connection broke
   * before COMMIT was sent. Where the connection breaks after that, asks the server what became of the transaction, and waits until a standby has it.
   */
  transaction<T>(work: (query: Query) => Promise<T>, how?: CommitOptions): Promise<T>
  /** Reads in one transaction, as everything was at one moment. */
  reading<T>(work: (query: Query) => Promise<T>): Promise<T>
  close(): Promise<void>
}

/** More would only wait for each other: batches are few, and the server has two cores or ten. */
const SESSIONS = 4
const ATTEMPTS = 5
/** How long the fate of a transaction is asked for, in milliseconds: a failover takes seconds. */
const FATE_MS = 30_000

/** Opens sessions when they are needed, four at most, and keeps them until `close`. */
export function openConnections(connect: Connect, clock: ServerClock): Connections {
  const idle: pg.Client[] = []
  const waiting: (() => void)[] = []
  let open = 0
  let isClosed = false

  async function take(): Promise<pg.Client> {
    for (;;) {
      const client = idle.pop()
      if (client !== undefined) return client
      if (open < SESSIONS) break
      await new Promise<void>((resolve) => waiting.push(resolve))
    }
    open += 1
    try {
      const client = await connect()
      client.on('end', () => drop(client))
      return client
    } catch (error) {
      open -= 1
      waiting.shift()?.()
      throw error
    }
  }
  /** An idle session that the server ended is not offered again. */
  function drop(client: pg.Client): void {
    const at = idle.indexOf(client)
    if (at === -1) return
    idle.splice(at, 1)
    open -= 1
  }
  function give(client: pg.Client, isUsable: boolean): void {
    if (isUsable && !isClosed) idle.push(client)
    else {
      open -= 1
      void client.end().catch(() => undefined)
    }
    waiting.shift()?.()
  }
  async function withSession<T>(work: (query: Query, client: pg.Client) => Promise<T>): Promise<T> {
    const client = await take()
    let isUsable = false
    try {
      const result = await work(queryOf(client), client)
      isUsable = true
      return result
    } catch (error) {
      // A statement that the server refused leaves its session usable; `transact` has ended the transaction.
      isUsable = !isLost(error)
      throw error
    } finally {
      give(client, isUsable)
    }
  }

  async function transact<T>(
    work: (query: Query) => Promise<T>,
    { mayBeLost = false, isSaved }: CommitOptions,
  ): Promise<T> {
    let begun: Begun | null = null
    let result: T | undefined
    let isCommitting = false
    let isConfirmed = true
    try {
      await withSession(async (query, client) => {
        begun = await begin(client, clock, mayBeLost)
        try {
          result = await work(query)
        } catch (error) {
          if (!isLost(error)) await client.query('rollback')
          throw error
        }
        isCommitting = true
        isConfirmed = await commit(client)
      })
    } catch (error) {
      if (!isCommitting || !isLost(error) || begun === null) throw error
      if (!(await wasCommitted(begun, error, isSaved))) throw error
      isConfirmed = false
    }
    if (!isConfirmed && !mayBeLost) await confirm()
    return result as T
  }

  /** Whether a transaction was committed whose COMMIT got no answer. It is never guessed. */
  async function wasCommitted(
    begun: Begun,
    cause: unknown,
    isSaved: CommitOptions['isSaved'],
  ): Promise<boolean> {
    return persist(cause, async () => {
      try {
        const fate = await withSession((query) => findFate(query, begun, isSaved && (() => isSaved(query))))
        if (fate !== 'in progress') return fate
      } catch (error) {
        if (!mayRecover(error)) throw fateUnknownError(error)
        return error
      }
      return undefined
    })
  }

  /**
   * Waits until a standby has everything that was committed. A wait for one that was broken off, by an administrator or with the connection,
   * leaves a commit that this server alone has, and nothing tells whether a standby has it by now.
   */
  const confirm = () =>
    persist(null, async () => {
      try {
        return await withSession((_query, client) => commit(client, EMIT))
      } catch (error) {
        if (!mayRecover(error)) throw fateUnknownError(error)
        return error
      }
    })

  /** Repeats a question until it is answered with yes or no. An error is why it is not yet. */
  async function persist(cause: unknown, ask: () => Promise<unknown>): Promise<boolean> {
    const deadline = performance.now() + FATE_MS
    let failure = cause
    while (performance.now() < deadline) {
      const answer = await ask()
      if (typeof answer === 'boolean') return answer
      failure = answer ?? failure
      await sleep(100)
    }
    throw fateUnknownError(failure)
  }

  /** Reads again where the server had ended sessions that were idle. */
  async function read<T>(work: (query: Query, client: pg.Client) => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await withSession(async (query, client) => {
          if (clock.isStale()) await measure(query, clock)
          return work(query, client)
        })
      } catch (error) {
        if (attempt > SESSIONS || !isLost(error)) throw error
      }
    }
  }

  return {
    query: (text, values) => read((query) => query(text, values)),
    reading: (work) =>
      read(async (query, client) => {
        await client.query('begin isolation level repeatable read read only')
        try {
          return await work(query)
        } finally {
          await client.query('commit')
        }
      }),
    async transaction(work, how = {}) {
      for (let attempt = 1; ; attempt += 1) {
        try {
          return await transact(work, how)
        } catch (error) {
          if (attempt >= ATTEMPTS || !isWorthRepeating(error)) throw error
          await sleep(Math.random() * 10 * attempt)
        }
      }
    },
    async close() {
      isClosed = true
      await Promise.all(
        idle.splice(0).map((client) => {
          client.removeAllListeners('end')
          return client.end().catch(() => undefined)
        }),
      )
    },
  }
}

const queryOf =
  (client: pg.Client): Query =>
  async (text, values = []) => {
    const { rows, rowCount } = await client.query<Row>(text, values)
    return { rows, changes: rowCount ?? 0 }
  }

async function measure(query: Query, clock: ServerClock): Promise<void> {
  const asked = performance.now()
  const { rows } = await query(`select ${NOW}`)
  clock.set(rows[0]!.now as number, asked)
}

/** Whether a server may answer later: it is away, or a standby that is not promoted yet (55000). */
const mayRecover = (error: unknown) =>
  isLost(error) ||
  (error as Error).name === 'ConnectFailedError' ||
  (error as { code?: unknown }).code === '55000'
