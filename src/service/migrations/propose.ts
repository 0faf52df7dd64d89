import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { basename, join, resolve } from 'node:path'
import type { Home } from '../../app/open-home.ts'
import { connectMigrate } from '../../builtin/migrate.ts'
import type { EffectContext } from '../../domain/effect.ts'
import { CutterError, Stop } from '../../domain/errors.ts'
import type { MigrateDeps } from '../../effects/migrate/deps.ts'
import type { PlannedRestore } from '../../effects/migrate/planned-restore.ts'
import {
  type KeptCopy,
  type ProposedMigration,
  proposeMigrations,
} from '../../effects/migrate/propose-migration.ts'
import { assertOperator } from '../../engine/operators.ts'
import { startedBundle } from '../../migration/missing-files.ts'
import type { ProposedExpectations } from '../../migration/propose-expectations.ts'
import { readMigrationFolder } from '../../targets/system/migration-folder.ts'
import { openTools } from '../../tools/open-tools.ts'
import { outputPath } from '../write-output.ts'
import { migrationName } from './new.ts'

/** What `migrate propose --json` prints. */
export interface ProposedBundles {
  target: string
  /** The copy on which the migrations were rehearsed. */
  copy: { takenAt: string; backup: string; reused: boolean }
  /** What pg_restore alone can't restore of that backup, as the plan of a run shows it. */
  restore?: PlannedRestore
  /** In the order in which they were given and rehearsed. */
  bundles: ProposedBundle[]
}

interface ProposedBundle extends ProposedExpectations {
  /** The folder, as an absolute path. Its bundle.yaml now holds the expectations. */
  bundle: string
  /** The files that were missing and were made. */
  made: string[]
  /** The differences between copy and target that its bundle.yaml accepts, as the plan of a run shows them. */
  deviations: string[]
}

export interface ProposeInput {
  folders: string[]
  target: string
  /** Takes a new copy of the target, even if an earlier one would do. */
  fresh: boolean
  onProgress(text: string): void
}

/** How long a copy may be used again, in hours. Rows are counted on it, so an old one would mislead. */
const COPY_HOURS = 24

/**
 * Rehearses migrations one after another on one copy of their target, and writes what each did into its bundle.yaml as expectations, for its
 * author to read. The target is only read. The copy is kept for the next proposal.
 * @throws OPERATOR_REFUSED when the caller may start no run
 * @throws INPUT_REFUSED when a folder has other faults, or a rehearsal failed; the folders before it have been written
 */
export async function proposeBundles(home: Home, given: ProposeInput): Promise<ProposedBundles> {
  const folders = given.folders.map((folder) => resolve(home.cwd, folder))
  for (const folder of folders) await outputPath(home, join(folder, 'bundle.yaml'))
  const app = await home.app()
  const by = assertOperator(app.deps, undefined)
  const { target } = given
  const kept = keptCopies(home.folder, target)
  const tools = openTools(app.config.tools)
  const context = contextOf(home, by, app.config.caps.runMinutes, given.onProgress)
  const written: ProposedBundle[] = []
  const deps = withoutSnapshots(connectMigrate({ ...app, env: home.env, tools }))
  const { copy, reused, restore } = await asRefusal(folders, written, async () =>
    proposeMigrations(deps, context, {
      bundles: await readBundles(folders),
      target,
      kept: given.fresh ? null : kept.read(),
      onProposed(proposed) {
        written.push(write(proposed))
      },
    }),
  ).finally(() => removeIfEmpty(join(home.folder, 'var', 'backups', context.runId)))
  kept.write(copy)
  const { takenAt, file: backup } = copy.backup.dump
  const needs = restore === undefined ? {} : { restore }
  return { target, copy: { takenAt, backup, reused }, ...needs, bundles: written }
}

async function readBundles(folders: string[]) {
  const bundles: Parameters<typeof proposeMigrations>[2]['bundles'] = []
  for (const folder of folders) {
    const files = await readMigrationFolder(folder, () => startedBundle(migrationName(basename(folder))))
    bundles.push({ folder, files })
  }
  return bundles
}

/** Never half a file, whenever the process ends; and bundle.yaml last. */
function write({ folder, files, expectations, deviations }: ProposedMigration): ProposedBundle {
  const made = Object.keys(files).filter((name) => !existsSync(join(folder, name)))
  const names = [...Object.keys(files).filter((name) => name !== 'bundle.yaml'), 'bundle.yaml']
  for (const name of names) {
    writeFileSync(join(folder, `${name}.new`), files[name]!)
    renameSync(join(folder, `${name}.new`), join(folder, name))
  }
  return { bundle: folder, made, deviations, ...expectations }
}

/** A proposal that uses an earlier copy keeps none of its own. */
function removeIfEmpty(folder: string): void {
  if (existsSync(folder) && readdirSync(folder).length === 0) rmSync(folder, { recursive: true })
}

/** A proposal tries its script on a copy of its own, also where a run uses an instance that the provider restored. */
const withoutSnapshots = (deps: MigrateDeps): MigrateDeps => ({
  ...deps,
  snapshots: { ...deps.snapshots, placeFor: () => null },
})

/** The copies that proposals took, one for each target. */
function keptCopies(home: string, target: string) {
  const folder = join(home, 'var', 'proposals')
  const file = join(folder, `${encodeURIComponent(target)}.json`)
  return {
    read(): KeptCopy | null {
      if (!existsSync(file)) return null
      const copy = JSON.parse(readFileSync(file, 'utf8')) as KeptCopy
      const { takenAt, file: dump } = copy.backup.dump
      const age = Date.now() - Date.parse(takenAt)
      return age < COPY_HOURS * 3_600_000 && existsSync(join(home, dump)) ? copy : null
    },
    write(copy: KeptCopy) {
      mkdirSync(folder, { recursive: true, mode: 0o700 })
      writeFileSync(`${file}.new`, JSON.stringify(copy), { mode: 0o600 })
      renameSync(`${file}.new`, file)
    },
  }
}

/** A proposal is no run: it writes nothing that an approval would have to allow, and what it found is tried again by the run that follows. */
function contextOf(home: Home, by: string, minutes: number, progress: (text: string) => void): EffectContext {
  const runId = `propose-${new Date().toISOString().replace(/\D/g, '').slice(0, 14)}-${randomBytes(4).toString('hex')}`
  return {
    runId,
    machine: 'migrate',
    version: '1',
    mode: 'dry-run',
    seq: 1,
    startedBy: by,
    token: { run: runId, seq: 1, attempt: 1 },
    deadline: new Date(Date.now() + minutes * 60_000),
    signal: home.interrupt,
    assertClaimed: async () => undefined,
    now: () => new Date(),
    evidence: async (digest) => {
      throw new Error(`no evidence ${digest}`)
    },
    approval: async () => null,
    progress,
  }
}

/** The stops that say what bundle.yaml or cutter.yaml must accept or name, as the run would. */
const ADVISED = ['STOP_REHEARSAL_NOT_REPRESENTATIVE', 'STOP_BACKUP_FAILED']

function nextOf({ facts: { code, next } }: Stop): string {
  if (next === undefined || !ADVISED.includes(code))
    return 'correct what is named, then run the same command again'
  return next
    .replaceAll(/ and resume the run, or/g, ', or')
    .replaceAll(/(?:resume the run|start another run)/g, 'run the same command again')
}

/** No run stops here, so the stop of a phase is a refusal. It names the migration, where there are several. */
async function asRefusal<T>(folders: string[], written: unknown[], work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (!(error instanceof Stop)) throw error
    const { code, data } = error.facts
    const at = written.length
    const before = at === 0 ? '' : `; the expectations of ${at} before it were written`
    const where = folders.length === 1 ? '' : `${folders[at] ?? folders[0]}: `
    throw new CutterError('INPUT_REFUSED', `${where}${error.message}; bundle.yaml was not changed${before}`, {
      next: nextOf(error),
      data: { ...(data as object | undefined), stop: code },
      cause: error,
    })
  }
}
