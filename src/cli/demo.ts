import { spawnSync } from 'node:child_process'
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type App, openApp } from '../app/open-app.ts'
import { findHome } from '../config/load-config.ts'
import { CutterError } from '../domain/errors.ts'
import type { Run } from '../domain/run.ts'
import { shellQuote } from '../domain/shell-quote.ts'
import { createSecretRegistry, type SecretRegistry } from '../secrets/redaction.ts'
import { CHARTER } from '../service/demo/charter.ts'
import { dryRunStory, liveStory } from '../service/demo/story.ts'
import { tryLock, unlock } from '../targets/system/file-lock.ts'
import { EXIT_INTERRUPTED, EXIT_OF_ERROR } from './exit-codes.ts'
import { answerError, answerInterrupted, type Io, processIo } from './io.ts'
import type { CommonOptions } from './session.ts'

export interface Stage {
  app: App
  home: string
  charter: string
  say(text: string): void
}

/** The whole story in one command: a dry run, the same live, and what a finished run answers. Asks nothing, leaves nothing running. */
export async function demo(options: CommonOptions): Promise<number> {
  const secrets = createSecretRegistry()
  const io = processIo(options.json === true, process.env, secrets)
  const interrupt = new AbortController()
  const onSignal = () => (interrupt.signal.aborted ? process.exit(EXIT_INTERRUPTED) : interrupt.abort())
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.on(name, onSignal)
  try {
    const outer = findHome(options.home, process.env, process.cwd())
    const runs = await inDemoHome(
      join(outer, 'var', 'demo'),
      { interrupt: interrupt.signal, secrets },
      (stage) => tell(stage, io),
    )
    if (io.json) io.out(JSON.stringify(runs, null, 2))
    return 0
  } catch (error) {
    if (interrupt.signal.aborted) {
      answerInterrupted(io)
      return EXIT_INTERRUPTED
    }
    answerError(io, error, null)
    return error instanceof CutterError ? EXIT_OF_ERROR[error.code] : EXIT_OF_ERROR.INTERNAL
  } finally {
    for (const name of ['SIGINT', 'SIGTERM'] as const) process.off(name, onSignal)
  }
}

/** One demo at a time, each from the beginning; the embedded server's data is kept, so that the next one starts sooner. */
async function inDemoHome<T>(
  home: string,
  { interrupt, secrets }: { interrupt: AbortSignal; secrets: SecretRegistry },
  task: (stage: Omit<Stage, 'say'>) => Promise<T>,
): Promise<T> {
  mkdirSync(home, { recursive: true, mode: 0o755 })
  const lock = join(home, 'demo.lock')
  if (!tryLock(lock))
    throw new CutterError('RUN_HELD', `another demo is running in ${home}`, { next: 'wait for its end' })
  try {
    for (const name of ['cutter.db', 'cutter.db-wal', 'cutter.db-shm', 'runs'])
      rmSync(join(home, 'var', name), { recursive: true, force: true })
    const charter = join(home, 'charter.md')
    writeFileSync(charter, CHARTER)
    writeFileSync(join(home, 'cutter.yaml'), 'execution: { allowLive: true }\n', { mode: 0o644 })
    const app = await openApp({ home, env: process.env, interrupt, secrets })
    try {
      await (await app.embedded()).discardTarget()
      return await task({ app, home, charter })
    } finally {
      await app.close()
    }
  } finally {
    unlock(lock)
  }
}

async function tell(
  given: Omit<Stage, 'say'>,
  io: Io,
): Promise<{ dryRun: string; live: string | null; duplicate: string }> {
  const bold = (text: string) => (io.color ? `\u001b[1m${text}\u001b[22m` : text)
  const say = (text: string) =>
    io.json ? io.err(text) : io.out(text.startsWith('#') ? bold(text.slice(2)) : text)
  const stage: Stage = { ...given, say }
  say(
    '# Cutter: changes that can’t be taken back, planned, proven, approved, done once, and provable afterwards',
  )
  say(
    `Everything of this demo lies in ${given.home}. Its database is an embedded PostgreSQL that ends with it.`,
  )
  say('')
  const { first, duplicate } = await dryRunStory(stage)
  const live = await liveOrWhyNot(stage)
  say('')
  say('# The end')
  say('Nothing was left running. To look at it again (in a clone: npx --no cutter …):')
  const there = `--home ${shellQuote(given.home)}`
  say(`  cutter run list ${there}`)
  say(`  cutter run history ${(live ?? first).runId.slice(-8)} --verify ${there}`)
  say(`  cutter run plan ${first.runId.slice(-8)} ${there}`)
  return { dryRun: first.runId, live: live?.runId ?? null, duplicate: duplicate.runId }
}

async function liveOrWhyNot(stage: Stage): Promise<Run | null> {
  const missing =
    (spawnSync('ssh-keygen', ['-?']).error as NodeJS.ErrnoException | undefined)?.code === 'ENOENT'
  if (!missing) return liveStory(stage)
  stage.say('')
  stage.say('# The live run was left out')
  stage.say('Approvals of live runs are signed with OpenSSH, and there is no ssh-keygen here.')
  stage.say(
    'Install it (Debian and Ubuntu: apt-get install openssh-client; elsewhere: openssh) and run the demo again.',
  )
  return null
}
