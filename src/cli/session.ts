import { type Log, openLog } from '../app/log.ts'
import type { App } from '../app/open-app.ts'
import { openApp, openStore } from '../app/open-app.ts'
import { findHeadWitness, findReportedRun } from '../app/run-reports.ts'
import { findHome } from '../config/load-config.ts'
import { CutterError } from '../domain/errors.ts'
import { type Hold, holdOver } from '../domain/hold.ts'
import type { HistoryEntry, Run } from '../domain/run.ts'
import { assertNoSecretWords } from '../engine/check-secrets.ts'
import { loadRun as knownRun, lostRunError } from '../engine/load-run.ts'
import { createSecretRegistry, type SecretRegistry } from '../secrets/redaction.ts'
import type { RunStore } from '../store/run-store.ts'
import { EXIT_INTERRUPTED, EXIT_OF_ERROR } from './exit-codes.ts'
import { answerError, answerInterrupted, type Io, processIo } from './io.ts'

export interface CommonOptions {
  json?: boolean
  home?: string
}

/** What a command works with: the store of its home, the streams, and, when it asks for more, the app. */
export interface Session {
  home: string
  store: RunStore
  io: Io
  /** What must not be printed: known by value once the app is open, by its looks before. */
  secrets: SecretRegistry
  /** The app with config, machines and targets; a command that only looks at runs doesn't pay for it. */
  app(): Promise<App>
  /** The whole id for a unique prefix or suffix of one. */
  runId(text: string): Promise<string>
  /** The run of such a text, found to hold together. */
  known(text: string): Promise<Run>
}

/** Runs one command from its options to its exit code; every error is told here, once. */
export async function command(
  options: CommonOptions,
  task: (session: Session) => Promise<number>,
): Promise<number> {
  const env = process.env
  const secrets = createSecretRegistry()
  const io = processIo(options.json === true, env, secrets)
  const interrupt = interruptOnSignals(io)
  const strays = tellStrayErrors(io)
  let store: RunStore | null = null
  let opening: Promise<App> | null = null
  try {
    refuseSecretOptions(options)
    const home = findHome(options.home, env, process.cwd())
    const opened = openStore(home)
    store = opened
    const app = () =>
      (opening ??= openApp({
        ...{ home, env, secrets, store: opened, interrupt: interrupt.signal },
        ...watching(io),
      }))
    const runId = (text: string) => wholeRunId(opened, home, text)
    const reports = { lastSeen: async (id: string) => findHeadWitness(home, id) }
    const known = async (text: string) => knownRun({ store: opened, reports }, await runId(text))
    return await task({ home, store, io, secrets, app, runId, known })
  } catch (error) {
    // A level that there is not has been told already, as the error itself.
    const log = await openLog(env, secrets).catch(() => null)
    return await told({ io, log, store }, error, interrupt.signal)
  } finally {
    await closeAll(opening, store).catch((error: unknown) => io.err(`cutter: ${(error as Error).message}`))
    interrupt.done()
    strays.done()
  }
}

/** A flag is kept, printed or both, whichever command it belongs to. */
function refuseSecretOptions(options: object): void {
  for (const [name, value] of Object.entries(options)) {
    if (typeof value === 'string') assertNoSecretWords({}, { [`--${kebab(name)}`]: value })
  }
}

const kebab = (name: string) => name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)

/** A rejection that nobody awaits, as in an effect of a user, would have Node print the error as it is. */
function tellStrayErrors(io: Io): { done(): void } {
  const onStray = (error: unknown) => {
    answerError(io, error, null)
    process.exit(EXIT_OF_ERROR.INTERNAL)
  }
  process.on('uncaughtException', onStray)
  return { done: () => process.off('uncaughtException', onStray) }
}

/** Closing the app closes the store. An app that could not be opened has told its error already. */
async function closeAll(opening: Promise<App> | null, store: RunStore | null): Promise<void> {
  const app = await opening?.catch(() => null)
  if (app) await app.close()
  else await store?.close()
}

async function told(
  { io, log, store }: { io: Io; log: Log | null; store: RunStore | null },
  error: unknown,
  signal: AbortSignal,
): Promise<number> {
  if (signal.aborted && !(error instanceof CutterError)) {
    answerInterrupted(io, ...(await shownOf(store, (error as { runId?: unknown }).runId)))
    return EXIT_INTERRUPTED
  }
  if (error instanceof CutterError) log?.info({ err: error }, 'command refused')
  else log?.error({ err: error }, 'command failed')
  // A run that can't be trusted is not shown beside the reason why.
  const shown = error instanceof CutterError && error.code !== 'STORE_TAMPERED'
  answerError(io, error, ...(await shownOf(store, shown ? error.data.runId : undefined)))
  return error instanceof CutterError ? EXIT_OF_ERROR[error.code] : EXIT_OF_ERROR.INTERNAL
}

/** The run that an error is about, as it stands, and what holds it. */
async function shownOf(store: RunStore | null, runId: unknown): Promise<[Run | null, Hold | null]> {
  const nothing: [null, null] = [null, null]
  if (store === null || typeof runId !== 'string') return nothing
  const run = await store.run(runId).catch(() => null)
  return run === null ? nothing : [run, await holdOf(store, run).catch(() => null)]
}

/** The hold that binds a run, which its answers show. */
export async function holdOf(store: RunStore, { runId, status }: Run): Promise<Hold | null> {
  return status === 'closed' ? null : holdOver(await store.hold(), runId)
}

async function wholeRunId(store: RunStore, home: string, text: string): Promise<string> {
  const found = await store.idsLike(text, 5)
  if (found.includes(text)) return text
  const [first] = found
  if (first === undefined) {
    const [pruned] = await store.prunedLike(text)
    if (pruned !== undefined) {
      const { runId, prunedAt, bundleDigest } = pruned
      throw new CutterError('RUN_NOT_FOUND', `run ${runId} was pruned at ${prunedAt}`, {
        next: `its bundle has the SHA-256 ${bundleDigest}: cutter verify <bundle>`,
      })
    }
    const reported = findReportedRun(home, text)
    if (reported !== null) throw lostRunError(reported.runId, reported.seq)
    throw new CutterError('RUN_NOT_FOUND', `there is no run ${text} here`, { next: 'cutter run list' })
  }
  if (found.length === 1) return first
  throw new CutterError('USAGE', `${text} could be several runs: ${found.join(', ')}`, {
    next: 'give more of the id',
  })
}

function watching(io: Io) {
  const onWarning = (text: string) => io.err(`cutter: ${text}`)
  if (!io.watched) return { onWarning }
  const dim = (text: string) => (io.color ? `\u001b[2m${text}\u001b[22m` : text)
  return {
    onWarning,
    onStep: (run: Run, entry: HistoryEntry) => {
      const next = run.phase === null ? '' : dim(`  → ${run.phase}`)
      io.err(`${dim(String(entry.seq).padStart(3))}  ${run.state}${next}`)
    },
    onProgress: (_run: Run, text: string) => io.err(dim(`     ${text}`)),
  }
}

/** The first signal asks the work to stop where it can be settled; a second one ends the process at once. */
function interruptOnSignals(io: Io): { signal: AbortSignal; done(): void } {
  const controller = new AbortController()
  const onSignal = () => {
    if (controller.signal.aborted) process.exit(EXIT_INTERRUPTED)
    io.err('cutter: stopping at a safe point (once more: at once)')
    controller.abort()
  }
  const signals = ['SIGINT', 'SIGTERM'] as const
  for (const name of signals) process.on(name, onSignal)
  return {
    signal: controller.signal,
    done: () => {
      for (const name of signals) process.off(name, onSignal)
    },
  }
}
