import { CommanderError } from 'commander'
import type { Home, Log } from '../app/open-home.ts'
import { FileNeeded } from '../app/sent-files.ts'
import { ClientError } from '../client/client-error.ts'
import { hasReaderEnded } from '../client/write-all.ts'
import { CutterError } from '../domain/errors.ts'
import { findStrayPlace } from '../domain/module-files.ts'
import { stackOfThrown } from '../domain/thrown.ts'
import { assertServed } from '../service/access/served-commands.ts'
import type { CommandCall } from '../service/command-line.ts'
import { createSecrets, type SecretRegistry } from '../service/redact.ts'
import { findRunAnswer } from '../service/runs/run-answer.ts'
import { assertNoSecretOptions } from '../service/secret-options.ts'
import { printError, printInterrupted } from './answers.ts'
import type { GlobalOptions } from './define-command.ts'
import { EXIT_INTERRUPTED, EXIT_OF_ERROR } from './exit-codes.ts'
import { type Io, ioOf } from './io.ts'
import { currentPlace } from './place.ts'
import { type Progress, showProgress } from './progress.ts'
import { strayModuleError, unansweredError } from './stray-errors.ts'

/** What a command works with: its streams, and the home that the use cases read and change. */
export interface Session {
  home: Home
  io: Io
  /** Aborted by the first Ctrl-C. */
  interrupt: AbortSignal
  secrets: SecretRegistry
}

/** Runs one command in a home; with `staysUp` errors that a user's module leaves behind do not end it. Reports every error, and closes the home. Resolves to the exit code. */
export function inHome(
  options: GlobalOptions,
  task: (session: Session) => Promise<number>,
  { staysUp = false } = {},
): Promise<number> {
  const { served } = currentPlace()
  if (served !== null) return inServedHome(options, task, served)
  const inOpenHome = async ({ io, interrupt, secrets }: BareSession, opened: (home: Home) => void) => {
    assertNoSecretOptions(options)
    // Loaded here, because --help and verify need no store.
    const { openHome } = await import('../app/open-home.ts')
    const { done, ...watching } = watchers(io)
    const home = openHome({
      home: options.home,
      env: process.env,
      cwd: process.cwd(),
      secrets,
      interrupt,
      ...watching,
    })
    opened(home)
    return task({ home, io, interrupt, secrets }).finally(done)
  }
  return inProcess(options, inOpenHome, staysUp)
}

/** What a command without a home works with. */
interface BareSession {
  io: Io
  interrupt: AbortSignal
  secrets: SecretRegistry
}

/** Runs one command that needs no home, or opens one of its own. */
export function withoutHome(
  options: GlobalOptions,
  task: (session: BareSession) => Promise<number>,
): Promise<number> {
  const { served } = currentPlace()
  return served === null ? inProcess(options, task) : inServedHome(options, task, served)
}

/** Runs one command of a client of the service, in the home that is served. */
async function inServedHome(
  options: GlobalOptions,
  task: (session: Session) => Promise<number>,
  { openHome, interrupt, secrets, log, request }: CommandCall,
): Promise<number> {
  const place = currentPlace()
  const io = ioOf(place, options.json === true, secrets)
  const { onStep = () => {}, onProgress, done } = watchers(io)
  const home = openHome({ onStep, onProgress })
  try {
    assertNoSecretOptions(options)
    assertServed(home, place.command, { named: options.home, cwd: request.cwd })
    return await task({ home, io, interrupt, secrets }).finally(done)
  } catch (error) {
    if (error instanceof CommanderError || error instanceof FileNeeded) throw error
    return await reportError({ io, log, home }, error, interrupt)
  }
}

async function inProcess(
  { json = false }: GlobalOptions,
  task: (session: BareSession, opened: (home: Home) => void) => Promise<number>,
  staysUp = false,
): Promise<number> {
  const secrets = createSecrets()
  const io = ioOf(currentPlace(), json, secrets)
  const signals = interruptOnSignals(io)
  const strays = reportStrayErrors(io, staysUp)
  let home: Home | null = null
  try {
    return await task({ io, interrupt: signals.interrupt, secrets }, (opened) => {
      home = opened
    })
  } catch (error) {
    // As a client of the service it has asked nobody, or printed no answer.
    if (error instanceof ClientError) return reportClientError(io, error)
    // Usage errors of a command whose options are known only now.
    if (error instanceof CommanderError) throw error
    // A command that works with no app has registered none, and its error may repeat one that was typed.
    const [{ openLog }, { registerSecrets }] = await Promise.all([
      import('../app/open-home.ts'),
      import('../app/register-secrets.ts'),
    ])
    registerSecrets(secrets, (await (home as Home | null)?.config().catch(() => null)) ?? null, process.env)
    // An unknown CUTTER_LOG level has been reported already, as the error itself.
    const log = await openLog(process.env, secrets).catch(() => null)
    return await reportError({ io, log, home }, error, signals.interrupt)
  } finally {
    await (home as Home | null)?.close().catch((error: Error) => io.err(`cutter: ${error.message}`))
    signals.done()
    strays.done()
  }
}

/**
 * Reports what no part of a command can catch. Without this Node would print a rejection that nobody awaits, as in an effect of a user, with its
 * secrets; and a command whose process ends early would be silent, with exit code 0.
 * @param staysUp a service does not end for what a module leaves behind
 */
function reportStrayErrors(io: Io, staysUp: boolean): { done(): void } {
  const onStray = (error: unknown) => {
    const place = findStrayPlace(stackOfThrown(error))
    printError(io, place === null ? error : strayModuleError(error, place), null)
    if (place !== null && staysUp) return
    process.off('exit', onExit)
    process.exit(EXIT_OF_ERROR.INTERNAL)
  }
  const onExit = (code: number) => {
    // The end has been reported, or nobody reads a report.
    if (code !== 0 || hasReaderEnded()) return
    printError(io, unansweredError(), null)
    process.exitCode = EXIT_OF_ERROR.INTERNAL
  }
  process.on('uncaughtException', onStray)
  process.on('exit', onExit)
  const done = () => {
    process.off('uncaughtException', onStray)
    process.off('exit', onExit)
  }
  return { done }
}

/** Prints an error together with the run that it is about. Resolves to the exit code. */
async function reportError(
  { io, log, home }: { io: Io; log: Log | null; home: Home | null },
  error: unknown,
  interrupt: AbortSignal,
): Promise<number> {
  if (interrupt.aborted && !(error instanceof CutterError)) {
    printInterrupted(io, await findRunAnswer(home, (error as { runId?: unknown }).runId))
    return EXIT_INTERRUPTED
  }
  if (error instanceof CutterError) log?.info({ err: error }, 'command refused')
  else log?.error({ err: error }, 'command failed')
  // A run that can't be trusted is not shown.
  const isShown = error instanceof CutterError && error.code !== 'STORE_TAMPERED'
  printError(io, error, await findRunAnswer(home, isShown ? error.data.runId : undefined))
  return EXIT_OF_ERROR[error instanceof CutterError ? error.code : 'INTERNAL']
}

function reportClientError(io: Io, { code, message, next, exit }: ClientError): number {
  if (io.json) io.outJson({ error: { code, message, next } })
  io.err(`cutter: ${message}`)
  io.err(`next: ${next}`)
  return exit
}

/** Shows warnings, and on a terminal each step and the progress of effects, until it is done. */
function watchers(io: Io): { onWarning(text: string): void; done(): void } & Partial<Progress> {
  const onWarning = (text: string) => io.err(`cutter: ${text}`)
  return io.watched ? { onWarning, ...showProgress(io) } : { onWarning, done() {} }
}

const SIGNALS = ['SIGINT', 'SIGTERM'] as const

/** The first signal asks the work to stop at a safe point. A second one ends the process at once. */
function interruptOnSignals(io: Io): { interrupt: AbortSignal; done(): void } {
  const controller = new AbortController()
  const onSignal = () => {
    if (controller.signal.aborted) process.exit(EXIT_INTERRUPTED)
    io.err('cutter: stopping at a safe point (once more: at once)')
    controller.abort()
  }
  for (const name of SIGNALS) process.on(name, onSignal)
  return {
    interrupt: controller.signal,
    done: () => {
      for (const name of SIGNALS) process.off(name, onSignal)
    },
  }
}
