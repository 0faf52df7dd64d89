import { existsSync, readdirSync } from 'node:fs'
import { join, resolve } from 'node:path'
import type { Home } from '../../app/open-home.ts'
import { compareNames } from '../../domain/compare-names.ts'
import { CutterError } from '../../domain/errors.ts'
import type { Json } from '../../domain/json.ts'
import type { Run } from '../../domain/run.ts'
import { parseMigrationBundleSpec } from '../../migration/migration-bundle-spec.ts'
import { readMigrationFolder } from '../../targets/system/migration-folder.ts'
import { readTargetHistory } from '../targets/migration-history.ts'

/** What `migrate status --json` prints. */
export interface MigrationStatus {
  target: string
  /** Where it is known from: the history of the target with the closed live runs of this home, or those alone. */
  source: 'history' | 'runs'
  /** The bundles of the folder in the order of their names, 9 before 10; then what was applied and is not in the folder. */
  migrations: MigrationStanding[]
}

interface MigrationStanding {
  name: string
  /** The folder, as an absolute path; null where only the target or a run knows the migration. */
  bundle: string | null
  /**
   * `changed`: a migration of this name was applied, with another script. `unfinished`: a live run of this home has committed some of it, and is
   * not closed.
   */
  state: 'applied' | 'pending' | 'rolled-back' | 'changed' | 'unfinished'
  runId: string | null
  /** ISO 8601. */
  appliedAt: string | null
}

/** A migration that was applied to the target. */
interface Applied {
  runId: string
  name: string
  sha256: string
  appliedAt: string
  rolledBack: boolean
  /** Whether the run of it is still open, so that parts of it may be missing, or be rolled back. */
  unfinished: boolean
}

/**
 * Says which migrations of a folder a target has. The folder holds a folder for each bundle, or is a bundle itself.
 * @throws INPUT_REFUSED when the folder can't be read, or a bundle.yaml of it has faults
 * @throws TARGET_NOT_FOUND, TARGET_UNREACHABLE, TARGET_REFUSED
 */
export async function readMigrationStatus(
  home: Home,
  given: { folder: string | undefined; target: string },
): Promise<MigrationStatus> {
  const bundles = given.folder === undefined ? [] : await readBundles(resolve(home.cwd, given.folder))
  const app = await home.app()
  const { target } = given
  const history = await readTargetHistory(home, app, target)
  const runs = await app.store.list({ machine: 'migrate', mode: 'live', target, limit: MOST })
  const open = new Set(runs.filter(({ status }) => status !== 'closed').map(({ runId }) => runId))
  const recorded = (history ?? []).map(({ rolledBackAt, ...one }) => ({
    ...one,
    rolledBack: rolledBackAt !== null,
    unfinished: open.has(one.runId),
  }))
  const known = new Set(recorded.map(({ runId }) => runId))
  // Runs from before the history was made are in no row of it.
  const applied = [...recorded, ...runs.flatMap(appliedBy).filter(({ runId }) => !known.has(runId))]
  const ordered = applied.sort((a, b) => (a.appliedAt < b.appliedAt ? -1 : 1))
  return { target, source: history === null ? 'runs' : 'history', migrations: standings(bundles, ordered) }
}

/** Runs that are looked at, newest first. */
const MOST = 100_000

/** What a run applied, by the facts that its phases reported. An open one has committed something since it says how the target stands. */
function appliedBy({ runId, status, outcome, output, updatedAt }: Run): Applied[] {
  const { bundle, migrationSha256, series, standsAs } = (output ?? {}) as { [key: string]: Json }
  const unfinished = status !== 'closed'
  const isApplied = unfinished ? standsAs !== undefined : outcome === 'succeeded' || outcome === 'rolled-back'
  if (!isApplied || typeof bundle !== 'string' || typeof migrationSha256 !== 'string') return []
  const rolledBack = outcome === 'rolled-back'
  const parts = (series ?? [{ name: bundle, sha256: migrationSha256 }]) as { name: string; sha256: string }[]
  return parts.map((one) => ({ ...one, runId, appliedAt: updatedAt, rolledBack, unfinished }))
}

interface Bundle {
  folder: string
  name: string
  sha256: string
}

function standings(bundles: Bundle[], applied: Applied[]): MigrationStanding[] {
  const inFolder = bundles.map(({ folder, name, sha256 }) => {
    const last =
      applied.findLast((one) => one.sha256 === sha256) ?? applied.findLast((one) => one.name === name)
    const state =
      last === undefined
        ? 'pending'
        : last.sha256 === sha256 || last.rolledBack
          ? standingOf(last)
          : 'changed'
    return { name, bundle: folder, state, ...factsOf(last) } as const
  })
  const known = new Set(inFolder.map(({ runId, name }) => `${runId} ${name}`))
  const names = new Set(inFolder.map(({ name }) => name))
  const others = applied
    .filter(({ runId, name }) => !known.has(`${runId} ${name}`) && !names.has(name))
    .map((one) => {
      return { name: one.name, bundle: null, state: standingOf(one), ...factsOf(one) } as const
    })
  return [...inFolder, ...others]
}

const standingOf = ({ rolledBack, unfinished }: Applied) =>
  unfinished ? 'unfinished' : rolledBack ? 'rolled-back' : 'applied'

const factsOf = (one: Applied | undefined) => ({
  runId: one?.runId ?? null,
  appliedAt: one?.appliedAt ?? null,
})

async function readBundles(folder: string): Promise<Bundle[]> {
  if (existsSync(join(folder, 'bundle.yaml'))) return [await readBundle(folder)]
  let names: string[]
  try {
    names = readdirSync(folder).sort(compareNames)
  } catch (error) {
    throw refused(`the folder ${folder} can’t be read: ${(error as Error).message}`, error)
  }
  const found: Bundle[] = []
  for (const name of names)
    if (existsSync(join(folder, name, 'bundle.yaml'))) found.push(await readBundle(join(folder, name)))
  if (found.length > 0) return found
  throw refused(`the folder ${folder} holds no migration bundle`)
}

async function readBundle(folder: string): Promise<Bundle> {
  const files = await readMigrationFolder(folder)
  const parsed = parseMigrationBundleSpec(files['bundle.yaml']!)
  if ('faults' in parsed) throw refused(`${folder}: ${parsed.faults[0]!.message}`)
  const { name, migration } = parsed.spec
  return { folder, name, sha256: migration.sha256 }
}

const refused = (why: string, cause?: unknown) =>
  new CutterError('INPUT_REFUSED', `${why}; nothing was asked`, {
    next: 'give the folder that holds a folder for each migration bundle',
    cause,
  })
