import type { Readable, Writable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { CutterError } from '../../domain/errors.ts'
import type { Argument } from './command-line.ts'

/** How a program on a host ended. */
export interface RemoteExit {
  /** Null when a signal ended it. */
  code: number | null
  signal: string | null
}

/** A program that runs on a host. Both outputs must be read for it to end. */
export interface RemoteProcess {
  stdin: Writable
  stdout: Readable
  stderr: Readable
  /** Resolves when the program has ended and its output was read. Null: nothing tells how it ended. Never rejects. */
  ended: Promise<RemoteExit | null>
  /** Asks the host to end the program, and waits for nothing. */
  end(): void
}

/** A connection over which programs are started, each in a session of its own. */
export interface Transport {
  /**
   * Starts a command in the user's shell on the host, which kills it after its limit in seconds.
   * @throws HostLost when the connection is lost. @throws SessionRefused when the host opens no session; nothing was started then.
   */
  start(argv: readonly Argument[], limitSeconds: number): Promise<RemoteProcess>
  /** Calls once when the connection is lost. Returns a function that forgets it. */
  onLost(call: () => void): () => void
  isOpen(): boolean
  close(): void
}

/** The connection was lost after a command was sent. The command may be done, half done or still running; only the host can tell. */
export class HostLost extends CutterError {
  constructor(what: string, cause?: unknown) {
    super('HOST_UNREACHABLE', `the connection to the host was lost while ${what}; its outcome is not known`, {
      next: 'cutter run resume <run>, which checks the host first',
      cause,
    })
    this.name = 'HostLost'
  }
}

/** The connection stands, and the host opened no session on it. */
export class SessionRefused extends CutterError {
  constructor(why: string, cause?: unknown) {
    super('HOST_COMMAND_FAILED', `the host refuses a session on a connection that it accepted: ${why}`, {
      next: 'let sshd_config allow sessions to this user (MaxSessions of at least 1), then: cutter run resume <run>',
      cause,
    })
    this.name = 'SessionRefused'
  }
}

/** Pauses before a refused session is asked for again, in milliseconds. A server frees the session before it a moment after its end. */
const PAUSES_MS = [20, 50, 150, 400, 1_000]

/** Opens a session, also where the host refuses it at first. @throws SessionRefused when the host still refuses it. */
export async function askAgain<T>(open: () => Promise<T>): Promise<T> {
  for (let attempt = 0; ; attempt += 1) {
    try {
      return await open()
    } catch (error) {
      const pause = error instanceof SessionRefused ? PAUSES_MS[attempt] : undefined
      if (pause === undefined) throw error
      await sleep(pause)
    }
  }
}

/** Opens a session once the host may allow one. @throws SessionRefused when the host refuses it while no other is open. */
export type OpenSession = (start: () => Promise<RemoteProcess>) => Promise<RemoteProcess>

/**
 * Opens the sessions of one connection side by side. A refusal while others are open tells how many the host allows at once. Later ones wait
 * for the end of another one then.
 */
export function createSessionOpener(): OpenSession {
  const open = new Set<Promise<unknown>>()
  let limit = Number.POSITIVE_INFINITY
  const startOne = (start: () => Promise<RemoteProcess>) => {
    const starting = start()
    const used: Promise<unknown> = starting
      .then(
        ({ ended }) => ended,
        () => undefined,
      )
      .finally(() => open.delete(used))
    open.add(used)
    return starting
  }
  return (start) =>
    askAgain(async () => {
      for (;;) {
        while (open.size >= limit) await Promise.race(open)
        const others = [...open]
        try {
          return await startOne(start)
        } catch (error) {
          if (!(error instanceof SessionRefused) || others.length === 0) throw error
          limit = Math.min(limit, others.length)
        }
      }
    })
}
