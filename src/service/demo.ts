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
import { tellWaitingRuns } from './demo/waiting-runs.ts'
import type { SecretRegistry } from './redact.ts'

export interface DemoInput {
  /** The home in whose var/demo the demo takes place. */
  home: Pick<Home, 'folder' | 'config'>
  interrupt: AbortSignal
  secrets: SecretRegistry
  /** Gets each line of the story; a line that begins with `# ` is a title. */
  say(text: string): void
  /** Shows the runs on the page of a service when the story has ended. Left out: nothing is left running. */
  page?: DemoPage | undefined
}

/** How the demo shows its runs. */
interface DemoPage {
  /** The origin of the page, at which passkeys may sign. */
  origin: string
  /** Serves the demo's home until the demo is interrupted. */
  serve(home: Home): Promise<void>
}

/** What `demo --json` prints: ids of runs in the demo's home. `live` is null without ssh-keygen. */
export interface DemoAnswer {
  dryRun: string
  live: string | null
  duplicate: string
}

/**
 * Tells the complete story on an embedded PostgreSQL: a dry run, the same run live, and what a finished run answers. Asks nothing
 * and leaves no process running, also after a page was shown.
 * @throws RUN_HELD when another demo is running there
 */
export async function runDemo({ home, interrupt, secrets, say, page }: DemoInput): Promise<DemoAnswer> {
  const folder = join(home.folder, 'var', 'demo')
  const { tools } = await home.config()
  const origins = page === undefined ? [] : [page.origin]
  return inDemoHome(folder, { interrupt, secrets, tools, origins }, async (stage, opened) => {
    const answer = await tellStory({ ...stage, say }, page !== undefined)
    await page?.serve(opened)
    return answer
  })
}

/** One demo at a time, each from the beginning. The embedded server's data is kept, so that the next demo starts sooner. */
async function inDemoHome<T>(
  folder: string,
  {
    interrupt,
    secrets,
    tools,
    origins,
  }: { interrupt: AbortSignal; secrets: SecretRegistry; tools: ToolSettings; origins: string[] },
  task: (stage: Omit<DemoStage, 'say'>, home: Home) => Promise<T>,
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
    const policy = JSON.stringify({ 'cut.SG1': { origins }, 'cut.SG2': { origins } })
    const approvals = origins.length === 0 ? '' : `approvals: { policy: ${policy} }\n`
    const config = `${configSchemaComment()}\nexecution: { allowLive: true }\ntools: ${JSON.stringify(tools)}\n${approvals}`
    writeFileSync(join(folder, 'cutter.yaml'), config, { mode: 0o644 })
    const home = openHome({ home: folder, env: process.env, cwd: folder, interrupt, secrets })
    try {
      const app = await home.app()
      await (await app.embedded()).discardTarget()
      return await task({ app, home: folder, charter }, home)
    } finally {
      await home.close()
    }
  } finally {
    unlock(lock)
  }
}

async function tellStory(stage: DemoStage, hasPage: boolean): Promise<DemoAnswer> {
  const { say, home } = stage
  say('# Cutter: changes that can’t be taken back: planned, proven, approved, done once, provable afterwards')
  say(`Everything in this demo is in ${home}. Its database is an embedded PostgreSQL that ends with it.`)
  say('')
  const { first, duplicate } = await tellDryRun(stage)
  const live = await tellLiveRunOrWhyNot(stage)
  say('')
  if (hasPage) {
    await tellWaitingRuns(stage, live !== null)
    return { dryRun: first.runId, live: live?.runId ?? null, duplicate: duplicate.runId }
  }
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
