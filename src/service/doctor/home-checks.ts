import { accessSync, constants, existsSync, statfsSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { findLostEntries } from '../../app/find-lost-entries.ts'
import type { App } from '../../app/open-app.ts'
import { storeFile } from '../../app/open-store.ts'
import { findOutputFolder } from '../../config/output-folder.ts'
import { CutterError } from '../../domain/errors.ts'
import { describeLostEntries, NEXT_FOR_LOST_ENTRIES } from '../../domain/lost-entries.ts'
import { shellQuote } from '../../domain/shell-quote.ts'
import { checkOpenRuns as findOpenRuns } from '../../engine/check-upgradable.ts'
import { describeLostRuns } from '../store/lost-runs.ts'
import { type Finding, okay } from './finding.ts'
import { MOST_RUNS } from './record-checks.ts'

/** Reads every page of the store. It was opened before, or there would be no answer at all. */
export async function checkStore({ home, store, config }: App): Promise<Finding> {
  const faults = await store.check()
  const lost = faults.length === 0 ? await describeLostRuns(store, { all: true }) : []
  if (lost.length > 0)
    return {
      check: 'store',
      status: 'fail',
      message: lost.join('; '),
      next: 'restore a backup: cutter store restore <file>',
    }
  const entries = faults.length === 0 ? await findLostEntries(home, store, { all: true }) : []
  if (entries.length > 0)
    return {
      check: 'store',
      status: 'fail',
      message: describeLostEntries(entries),
      next: NEXT_FOR_LOST_ENTRIES,
    }
  if (config.store !== undefined) return describeDatabase(config.store.url.env)
  const obstacle = findObstacleToWriting(storeFile(home))
  if (faults.length === 0 && obstacle !== null)
    return {
      check: 'store',
      status: 'fail',
      message: `it can only be read: ${obstacle}`,
      next: NEXT_TO_WRITE,
    }
  if (faults.length === 0) return okay('store', `${home}/var/cutter.db, every page can be read`)
  return {
    check: 'store',
    status: 'fail',
    message: faults.join('; '),
    next: 'replace it by a backup; keep the broken file',
  }
}

/** Says what the store in PostgreSQL does not do yet, so that nobody relies on it. */
const describeDatabase = (variable: string): Finding => ({
  check: 'store',
  status: 'warn',
  message: `PostgreSQL, by ${variable}: its login can’t edit history, and every history has its run. Not covered in this version: backup and restore by Cutter; damaged pages, which the server finds`,
  next: 'back the database up with its own means; docs/operations.md, “Runs in PostgreSQL”',
})

const NEXT_TO_WRITE = 'check owner, mode and free space of its folder'

function findObstacleToWriting(file: string): string | null {
  try {
    for (const path of [file, dirname(file)]) accessSync(path, constants.W_OK)
    return statfsSync(file).bavail === 0 ? `no space is left for ${file}` : null
  } catch (error) {
    return (error as Error).message
  }
}

/** Counts the runs that are open, and warns of those that stopped or were interrupted. */
export async function checkOpenRuns({ store }: App): Promise<Finding> {
  const count = async (status: 'working' | 'stopped' | 'paused') =>
    (await store.list({ status, limit: MOST_RUNS, onTampered: () => {} })).length
  const [working, stopped, paused] = [await count('working'), await count('stopped'), await count('paused')]
  const message = `${paused} wait at a gate, ${stopped} stopped, ${working} working or interrupted`
  if (stopped + working === 0) return okay('runs', message)
  return {
    check: 'runs',
    status: 'warn',
    message,
    next: 'cutter run list --status stopped, or --status working; cutter run resume <run>',
  }
}

/** Names the open runs that the installed machines cannot continue, but no tampered ones. Loads no module that changed since. */
export async function checkStrandedRuns(
  { deps }: Pick<App, 'deps'>,
  tampered: Map<string, Finding>,
): Promise<Finding[]> {
  const open = await findOpenRuns(deps)
  const stranded = open.filter(
    ({ runId, verdict }) => (verdict === 'stranded' || verdict === 'untried') && !tampered.has(runId),
  )
  return stranded.map(({ runId, machine, version, verdict, why }) => ({
    check: 'machines of open runs',
    status: 'warn',
    message: `${runId} of ${machine} ${version} is ${verdict}: ${why}`,
    next: 'cutter machine check',
  }))
}

/** Finds the files that say who may approve live runs. */
export function checkAllowedSigners({ deps }: App): Finding {
  const check = 'approvers'
  const { allowedSigners: file, revokedKeys } = deps.trust
  if (revokedKeys !== undefined && !existsSync(revokedKeys)) {
    return {
      check,
      status: 'fail',
      message: `${revokedKeys} is configured and missing: every approval is refused`,
      next: 'restore the file, or remove approvals.revokedKeys from cutter.yaml',
    }
  }
  if (existsSync(file)) return okay(check, file)
  return {
    check,
    status: 'warn',
    message: `${file} is missing: nobody can approve a live run`,
    next: `echo "alice@example.org namespaces=\\"cutter.cut.*\\" $(cat alice.pub)" >> ${shellQuote(file)}`,
  }
}

/** Checks the owners and modes that live runs require of the files that decide. */
export function checkTrustedFiles({ home, config, deps }: App): Finding {
  const check = 'files that decide'
  const machines = Object.values(config.machines).map((file) => resolve(home, file))
  const fault = deps.filesFault?.(machines) ?? null
  if (fault === null) {
    const writers = config.approvals.strict === 'owner' ? 'only root' : 'only their owner'
    return okay(check, `${writers} may write them`)
  }
  return {
    check,
    status: config.execution.allowLive ? 'fail' : 'warn',
    message: fault.message,
    next: fault.next,
  }
}

/** With `strict: owner`, says where commands may write. Without it there is nothing to say. */
export function checkOutputFolder({ home, config }: App): Finding[] {
  if (config.approvals.strict !== 'owner') return []
  const check = 'output'
  try {
    const folder = findOutputFolder({ home, config })
    const where =
      folder === null ? 'to stdout only, because cutter.yaml names no output folder' : `below ${folder}`
    return [okay(check, `commands write ${where}`)]
  } catch (error) {
    if (!(error instanceof CutterError)) throw error
    const { message, next } = error
    return [{ check, status: 'fail', message, ...(next === undefined ? {} : { next }) }]
  }
}

/** Starts the embedded PostgreSQL, because only a start shows that it can. It ends with this command, unless another one uses it. */
export async function checkEmbeddedServer({ embedded, config }: App): Promise<Finding> {
  const check = 'embedded PostgreSQL'
  try {
    const server = await embedded()
    await server.start()
    return okay(check, 'was started, and accepts connections')
  } catch (error) {
    const { message, next } = error as { message: string; next?: string }
    const isNeeded = Object.keys(config.targets).length === 0
    return { check, status: isNeeded ? 'fail' : 'warn', message, ...(next === undefined ? {} : { next }) }
  }
}

/** Says how the servers run that execute scripts and restored backups of others. Does not start one. */
export async function checkRehearsalServers({ home, config }: App): Promise<Finding> {
  const check = 'rehearsal servers'
  try {
    const { readRehearsalProtection } = await import('../../targets/embedded/rehearsal-servers.ts')
    const { uid, noNetwork } = readRehearsalProtection({ home, user: config.embedded.user })
    const user = uid === null ? 'the user of Cutter, since only root can give them another' : `user id ${uid}`
    const network = noNetwork ? 'without a network' : 'with the network of this machine'
    return okay(check, `run as ${user}, ${network}`)
  } catch (error) {
    return { check, status: 'warn', message: (error as Error).message }
  }
}
