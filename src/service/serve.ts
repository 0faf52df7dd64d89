import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { type Asker, homeOfCaller } from '../app/home-of-caller.ts'
import type { Home, Log } from '../app/open-home.ts'
import { CutterError } from '../domain/errors.ts'
import type { HistoryEntry } from '../domain/history-entry.ts'
import type { Run } from '../domain/run.ts'
import type { TokenScope } from '../domain/token.ts'
import { tryLock, unlock } from '../locks/with-lock.ts'
import { authenticate } from './access/authenticate.ts'
import { createBoundedWork } from './access/bounded-work.ts'
import { type Network, readNetwork } from './access/network.ts'
import { makeOwnerToken } from './access/owner-token.ts'
import { createPasskeySignIn, type PasskeySignIn } from './access/passkey-sign-in.ts'
import { createRateLimits, type Limits, type RateLimits } from './access/rate-limits.ts'
import { serviceFiles, serviceRunningError } from './access/service-lock.ts'
import { createSessions, type Sessions } from './access/sessions.ts'
import { findSocketPath } from './access/socket-path.ts'
import { startAnnouncing } from './cluster/announce.ts'
import { type CommandLine, type ServedCommands, serveCommands } from './command-line.ts'
import { type ServiceMetrics, startMetrics } from './metrics/service-metrics.ts'
import { type OutboxTimes, startOutbox } from './outbox/start-outbox.ts'
import { createSecrets } from './redact.ts'
import type { RunAnswer } from './runs/run-answer.ts'
import { openTracing } from './tracing/open-tracing.ts'
import type { Tracing } from './tracing/tracing.ts'
import { createTurns } from './turns.ts'
import { pruneUploads } from './uploads.ts'
import { startWorker } from './worker.ts'

/** Where the service listens. */
export interface ServiceAddress {
  url: string
  /** Absolute path of the unix socket. */
  socket: string
}

/** The service of one home, which doors call. */
export interface Service {
  /** Absolute path at which the door makes the unix socket. */
  socket: string
  /**
   * Finds out who calls, by the header `Authorization`.
   * @throws TOKEN_REFUSED
   */
  authenticate(authorization: string | undefined): Promise<TokenScope>
  /** The sessions of browsers. */
  sessions: Sessions
  passkeys: PasskeySignIn
  /** The home as a caller reaches it; a null caller is one of requests that take no token. `onStep` gets each step that is saved for this caller. */
  homeOf(asker: Pick<Asker, 'caller' | 'through'>, onStep: (run: Run, entry: HistoryEntry) => void): Home
  /**
   * Waits a limited time for work on a run, which `findRunId` names as soon as it is known.
   * @throws SERVICE_ENDING when the service was asked to end before the run rested
   */
  worksFor(findRunId: () => string | null): (work: Promise<RunAnswer>, seconds: number) => Promise<RunAnswer>
  /** The command line; null where this service performs no commands. */
  commands: ServedCommands | null
  metrics: ServiceMetrics
  /** Performs work as a span of a trace, where traces are made. */
  trace: Tracing['trace']
  network: Network
  limits: RateLimits
  /** Whether it can work: false from the moment at which it is asked to end. */
  isReady(): Promise<boolean>
  /** Removes secrets from what a door is about to answer. */
  redact<T>(value: T): T
  /** Writes down where the service listens, so that others on this host find it. */
  announce(address: ServiceAddress): void
  /** Where the service listens; null before it does. */
  address(): ServiceAddress | null
  log: Log
  /** Waits until the work that was interrupted has come to a safe point, and frees the home. */
  close(): Promise<void>
}

/** How often uploads are looked through, in milliseconds. */
const PRUNED_MS = 6 * 3_600_000
/** How many effects work at a time, unless the caller of `serve` says otherwise. */
const DEFAULT_CONCURRENCY = 64

export interface ServiceOptions {
  concurrency?: number
  /** Performs the commands that clients send. */
  commandLine?: CommandLine
  outboxTimes?: Partial<OutboxTimes>
  limits?: Limits
  /** Gets what whoever starts the service should know. */
  warn?(message: string): void
}

/**
 * Opens the service of a home, and continues its runs until the home is interrupted. One process serves a home at a time.
 * @throws SERVICE_RUNNING with the other process, CONFIG_INVALID, FILES_UNSAFE, STORE_NEWER, STORE_CORRUPT, STORE_UNWRITABLE
 */
export async function openService(
  home: Home,
  {
    concurrency = DEFAULT_CONCURRENCY,
    commandLine,
    outboxTimes,
    limits,
    warn = () => {},
  }: ServiceOptions = {},
): Promise<Service> {
  const { deps, store, engine } = await home.app()
  const network = await readNetwork(home)
  const files = serviceFiles(home.folder)
  // A store in PostgreSQL has made no folder here.
  mkdirSync(dirname(files.lock), { recursive: true, mode: 0o711 })
  if (!tryLock(files.lock)) throw serviceRunningError(home.folder, 'started')
  rmSync(files.address, { force: true })
  // Event streams show each step.
  deps.isFollowed = true
  const log = deps.log as Log
  const metrics = startMetrics({
    home: homeOfCaller(home, { caller: null }, { onStep() {} }),
    deps,
    turns: createTurns(concurrency),
    activeRuns: engine.activeRuns,
    warn: (err, what) => log.warn({ err }, what),
  })
  const tracing = await openTracing({ env: home.env, deps, warn })
  const worker = await startWorker(home, log)
  const announced = await startAnnouncing(home, log)
  let address: ServiceAddress | null = null
  const prune = () =>
    pruneUploads(home).catch((err: unknown) => log.warn({ err }, 'uploads could not be removed'))
  await prune()
  const pruning = setInterval(() => void prune(), PRUNED_MS)
  pruning.unref()
  const owner = makeOwnerToken(home.folder, deps.osUser)
  const secrets = deps.secrets ?? createSecrets()
  const outbox = startOutbox({
    home,
    log,
    secrets,
    now: () => deps.clock.now(),
    address: () => address?.url ?? null,
    times: outboxTimes,
  })
  const commands = commandLine === undefined ? null : serveCommands({ home, commandLine, secrets, log })
  const work = createBoundedWork({ store }, (err) => log.info({ err }, 'work ended'))
  return {
    socket: findSocketPath(home.folder, home.env),
    authenticate: (authorization) => authenticate({ store, owner }, authorization, deps.clock.now()),
    sessions: createSessions(() => deps.clock.now().getTime()),
    homeOf: ({ caller, through }, onStep) =>
      homeOfCaller(home, { caller: caller ?? NOBODY, through }, { onStep }),
    passkeys: createPasskeySignIn(home),
    worksFor: (findRunId) => (task, seconds) =>
      work.answer(task, seconds, findRunId).catch((error: unknown) => {
        const isInterrupted = home.interrupt.aborted && !(error instanceof CutterError)
        throw isInterrupted ? endingError(findRunId(), error) : error
      }),
    commands,
    network,
    limits: createRateLimits(limits),
    metrics,
    trace: tracing.trace,
    async isReady() {
      if (home.interrupt.aborted) return false
      return store.hold().then(
        () => true,
        () => false,
      )
    },
    redact: (value) => deps.secrets?.redactWords(value) ?? value,
    announce(given) {
      address = given
      writeFileSync(files.address, `${JSON.stringify(address)}\n`, { mode: 0o644 })
    },
    address: () => address,
    log,
    async close() {
      clearInterval(pruning)
      owner.remove()
      await Promise.all([work.idle(), commands?.idle()])
      await Promise.all([worker.close(), outbox.close(), announced.close()])
      await Promise.all([metrics.close(), tracing.close()])
      rmSync(files.address, { force: true })
      unlock(files.lock)
    },
  }
}

/** Whoever asks for what takes no token. */
const NOBODY: TokenScope = { name: 'nobody', role: 'viewer', machines: [], runId: '' }

function endingError(runId: string | null, cause: unknown): CutterError {
  const what = runId === null ? 'no run was moved' : `run ${runId} was interrupted at a safe point`
  const again = 'once it runs again, ask again with the same key'
  return new CutterError('SERVICE_ENDING', `the service ends; ${what}`, {
    next: runId === null ? again : `${again}, or: POST /api/v1/runs/${runId}/retry`,
    data: runId === null ? {} : { runId },
    cause,
  })
}
