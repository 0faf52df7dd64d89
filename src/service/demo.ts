import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Home, openHome } from '../app/open-home.ts'
import { configSchemaComment } from '../app/package-paths.ts'
import { CutterError } from '../domain/errors.ts'
import type { Run } from '../domain/run.ts'
import { shellQuote } from '../domain/shell-quote.ts'
import { tryLock, unlock } from '../locks/with-lock.ts'
import { openTools, type ToolSettings } from '../tools/open-tools.ts'
import { CHARTER } from './demo/charter.ts'
import type { DemoStage } from './demo/demo-stage.ts'
import { tellDryRun } from './demo/dry-run-story.ts'
import { tellLiveRun } from './demo/live-story.ts'
import type { SecretRegistry } from './redact.ts'

export interface DemoInput {
  /** The home in whose var/demo the demo takes place. */
  home: Pick<Home, 'folder' | 'config'>
  interrupt: AbortSignal
  secrets: SecretRegistry
  /** Gets each line of the story; a line that begins with `# ` is a title. */
  say(text: string): void
}

/** What `demo --json` prints: ids of runs in the demo's home. `live` is null without ssh-keygen. */
export interface DemoAnswer {
  dryRun: string
  live: string | null
  duplicate: string
}

/**
 * Tells the complete story on an embedded PostgreSQL: a dry run, the same run live, and what a finished run answers. Asks nothing
 * and leaves no process running.
 * @throws RUN_HELD when another demo is running there
 */
export async function runDemo({ home, interrupt, secrets, say }: DemoInput): Promise<DemoAnswer> {
  const folder = join(home.folder, 'var', 'demo')
  const { tools } = await home.config()
  return inDemoHome(folder, { interrupt, secrets, tools }, (stage) => tellStory({ ...stage, say }))
}

/** One demo at a time, each from the beginning. The embedded server's data is kept, so that the next demo starts sooner. */
async function inDemoHome<T>(
  folder: string,
  { interrupt, secrets, tools }: { interrupt: AbortSignal; secrets: SecretRegistry; tools: ToolSettings },
  task: (stage: Omit<DemoStage, 'say'>) => Promise<T>,
): Promise<T> {
  mkdirSync(folder, { recursive: true, mode: 0o755 })
  const lock = join(folder, 'running.lock')
  if (!tryLock(lock))
    throw new CutterError('RUN_HELD', `another demo is running in ${folder}`, { next: 'wait for its end' })
  try {
    for (const name of ['cutter.db', 'cutter.db-wal', 'cutter.db-shm', 'runs'])
      rmSync(join(folder, 'var', name), { recursive: true, force: true })
    const charter = join(folder, 'charter.md')
    writeFileSync(charter, CHARTER)
    const config = `${configSchemaComment()}\nexecution: { allowLive: true }\ntools: ${JSON.stringify(tools)}\n`
    writeFileSync(join(folder, 'cutter.yaml'), config, { mode: 0o644 })
    const home = openHome({ home: folder, env: process.env, cwd: folder, interrupt, secrets })
    try {
      const app = await home.app()
      await (await app.embedded()).discardTarget()
      return await task({ app, home: folder, charter })
    } finally {
      await home.close()
    }
  } finally {
    unlock(lock)
  }
}

async function tellStory(stage: DemoStage): Promise<DemoAnswer> {
  const { say, home } = stage
  say('# Cutter: changes that can’t be taken back: planned, proven, approved, done once, provable afterwards')
  say(`Everything in this demo is in ${home}. Its database is an embedded PostgreSQL that ends with it.`)
  say('')
  const { first, duplicate } = await tellDryRun(stage)
  const live = await tellLiveRunOrWhyNot(stage)
  say('')
  say('# The end')
  say('No process is left running. To read it again (in a clone: npm run cutter -- …):')
  const there = `--home ${shellQuote(home)}`
  say(`  cutter run list ${there}`)
  say(`  cutter run history ${(live ?? first).runId.slice(-8)} --verify ${there}`)
  say(`  cutter run plan ${first.runId.slice(-8)} ${there}`)
  return { dryRun: first.runId, live: live?.runId ?? null, duplicate: duplicate.runId }
}

async function tellLiveRunOrWhyNot(stage: DemoStage): Promise<Run | null> {
  const sshKeygen = openTools(stage.app.config.tools).find('sshKeygen')
  if (sshKeygen !== null) return tellLiveRun(stage, sshKeygen)
  stage.say('')
  stage.say('# The live run was left out')
  stage.say('Approvals of live runs are signed with OpenSSH, and ssh-keygen is not installed here.')
  stage.say(
    'Install it (Debian and Ubuntu: apt-get install openssh-client; elsewhere: openssh) and run the demo again.',
  )
  return null
}
