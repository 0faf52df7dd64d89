import { migrate as definition } from '../../machines/migrate.ts'
import type { MigrateDeps } from '../effects/migrate/deps.ts'
import { openDatabaseDumps } from '../targets/postgres/database-dumps.ts'
import { openSnapshotInstances, withSnapshotInstances } from '../targets/postgres/snapshot-instances.ts'
import { openBackupMeasures } from '../targets/system/backup-rates.ts'
import { openCommitNotes } from '../targets/system/commit-notes.ts'
import { readMigrationFolder } from '../targets/system/migration-folder.ts'
import { runSquawk } from '../targets/system/squawk.ts'
import { filesOfTool, type Tools } from '../tools/open-tools.ts'
import { defineBuiltin } from './builtin-machine.ts'
import {
  hasSnapshots,
  type MigrationTargetDeps,
  openCheckReader,
  openMigrationTarget,
  openSnapshotInstance,
} from './migration-target.ts'
import { createRehearsalDatabases } from './rehearsal-servers.ts'

/** What a migration needs of the app. */
export type MigrateAppDeps = MigrationTargetDeps & {
  tools: Tools
  config: { backups: { jobs?: number | undefined } }
}

const snapshotsOf = (deps: MigrateAppDeps) =>
  openSnapshotInstances(
    (name) => hasSnapshots(deps, name),
    (name) => openSnapshotInstance(deps, name),
  )

/** What the effects of a migration reach. */
export const connectMigrate = (deps: MigrateAppDeps): MigrateDeps => ({
  readMigrationFolder,
  runSquawk: (linted, signal) => runSquawk(linted, { tools: deps.tools, signal }),
  openDatabase: (name) => openMigrationTarget(deps, name),
  openReader: (name) => openCheckReader(deps, name),
  snapshots: snapshotsOf(deps),
  rehearsalDatabases: withSnapshotInstances(createRehearsalDatabases(deps), snapshotsOf(deps)),
  dumps: openDatabaseDumps(deps.home, deps.tools, deps.config.backups.jobs),
  commitNotes: openCommitNotes(deps.home),
  measures: openBackupMeasures(deps.home),
})

export const migrate = defineBuiltin({
  definition,
  example: 'cutter run start migrate --bundle migrations/reviews --target shop',
  // Its backups, its rehearsal databases, and the notes by which a commit is found are files of the home.
  needs: () => ['home'],
  connect: connectMigrate,
  files: ({ tools }) =>
    [...tools.list('pgDump'), ...tools.list('pgRestore'), ...tools.list('squawk')].flatMap(filesOfTool),
  async work() {
    const { admitMigrate, migrateEffects } = await import('../effects/migrate/index.ts')
    return { effects: migrateEffects, admit: admitMigrate }
  },
})
