import { homeOfCaller, type Watcher } from '../app/home-of-caller.ts'
import type { Home, Log } from '../app/open-home.ts'
import { FileNeeded, sentFiles } from '../app/sent-files.ts'
import type { CommandRequest } from '../client/command-request.ts'
import { FRAME, type FrameKind } from '../client/frames.ts'
import { joinSignals } from '../domain/join-signals.ts'
import type { TokenScope } from '../domain/token.ts'
import type { SecretRegistry } from './redact.ts'

/** A command that a client has sent. */
export interface CommandCall {
  request: CommandRequest
  /** The home as the caller reaches it. */
  openHome(watcher: Watcher): Home
  /** Aborts when the client has gone, or the service ends. */
  interrupt: AbortSignal
  secrets: SecretRegistry
  log: Log
  /** Sends a part of the answer. Resolves when there is room for more. */
  write(kind: FrameKind, content: Uint8Array): Promise<void>
}

/** Performs a command. Resolves to its exit code. */
export type CommandLine = (call: CommandCall) => Promise<number>

/** The command line as callers of a service reach it. */
export interface ServedCommands {
  /**
   * Performs a command, and writes its answer. Never rejects: without the frame `exit` the client knows that the answer is cut short.
   * @param gone aborts when the client has gone
   */
  perform(
    caller: TokenScope,
    request: CommandRequest,
    answer: { gone: AbortSignal; write: CommandCall['write'] },
  ): Promise<void>
  /** Waits until no command is at work. */
  idle(): Promise<void>
}

/** How often a client hears of a command that prints nothing, in milliseconds. */
const ALIVE_MS = 15_000

interface Served {
  home: Home
  commandLine: CommandLine
  secrets: SecretRegistry
  log: Log
}

export function serveCommands({ home, commandLine, secrets, log }: Served): ServedCommands {
  const atWork = new Set<Promise<void>>()
  const perform: ServedCommands['perform'] = async (caller, request, { gone, write }) => {
    const alive = setInterval(() => void write(FRAME.alive, Buffer.alloc(0)), ALIVE_MS)
    const { signal: interrupt, release } = joinSignals([gone, home.interrupt])
    let hasMoved = false
    const openHome = ({ onStep, onProgress }: Watcher) =>
      // The owner is whoever runs the service, so nothing is asked of the owner that is not asked of that user.
      homeOfCaller(
        home,
        {
          caller: caller.isOwner === true ? null : caller,
          cwd: request.cwd,
          interrupt,
          sent: sentFiles(request.files),
        },
        {
          onProgress,
          onStep(run, entry) {
            hasMoved = true
            onStep(run, entry)
          },
        },
      )
    try {
      const code = await commandLine({ request, openHome, interrupt, secrets, log, write })
      // A command that works by itself leaves reports behind, too.
      if (hasMoved) await (await home.app()).writeReports()
      await write(FRAME.exit, Buffer.from(String(code)))
    } catch (err) {
      if (err instanceof FileNeeded) await write(FRAME.needs, Buffer.from(JSON.stringify(err.file)))
      else log.error({ err }, 'a command of a client failed')
    } finally {
      release()
      clearInterval(alive)
    }
  }
  return {
    perform(caller, request, answer) {
      const work = perform(caller, request, answer).finally(() => atWork.delete(work))
      atWork.add(work)
      return work
    },
    async idle() {
      while (atWork.size > 0) await Promise.allSettled(atWork)
    },
  }
}
