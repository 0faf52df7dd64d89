import { migrate } from '../../machines/migrate.ts'
import type { App } from '../app/open-app.ts'
import { admitMigrate, type MigrateDeps, migrateEffects } from '../effects/migrate/index.ts'
import type { InstalledMachine } from '../engine/engine-deps.ts'
import { readEmbeddedStatus } from '../targets/embedded/open-embedded.ts'
import { readTargetSettings, readTargetUrl } from '../targets/postgres/configured-target.ts'
import { openDatabaseDumps } from '../targets/postgres/database-dumps.ts'
import { openMigrationDatabase } from '../targets/postgres/migration-database.ts'
import { EMBEDDED_TARGET, openRehearsalDatabases } from '../targets/postgres/rehearsal-databases.ts'
import { openCommitNotes } from '../targets/system/commit-notes.ts'
import { readMigrationFolder } from '../targets/system/migration-folder.ts'
import { runSquawk } from '../targets/system/squawk.ts'
import { definitionDigest } from './cut.ts'

/** `env` holds the URLs that the config names by their variables. */
type Needs = Pick<App, 'config' | 'home' | 'target' | 'embedded'>

export async function installMigrate(app: Needs, env: NodeJS.ProcessEnv): Promise<InstalledMachine> {
  const world: MigrateDeps = {
    readBundle: readMigrationFolder,
    squawk: runSquawk,
    database: (name) => openMigrationTarget(app, env, name),
    copies: createRehearsalCopies(app, env),
    dumps: openDatabaseDumps(app.home),
    notes: openCommitNotes(app.home),
  }
  return {
    machine: { ...migrate, definitionDigest: definitionDigest(migrate) },
    effects: migrateEffects(world),
    admit: (input) => admitMigrate(world, input),
  }
}

/** The target as the role that migrates; none of Cutter's own tables are needed there. */
export async function openMigrationTarget(
  { config, target, embedded }: Needs,
  env: NodeJS.ProcessEnv,
  name: string,
) {
  if (name === EMBEDDED_TARGET) {
    await target(EMBEDDED_TARGET)
    const url = await (await embedded()).superuserUrl('cutter')
    return openMigrationDatabase({ name: `target ${name}`, role: 'postgres', url: () => url })
  }
  const settings = readTargetSettings(name, config.targets)
  const role = settings.migratorUrlEnv === undefined ? 'owner' : 'migrator'
  const url = () => readTargetUrl(name, settings, role, env)
  // Asked for once already here, so that a missing variable is told before anything begins.
  url()
  return openMigrationDatabase({ name: `target ${name}`, role, url })
}

/** Rehearsals' servers: the embedded one, and those that targets name. */
export function createRehearsalCopies({ config, embedded, home }: Needs, env: NodeJS.ProcessEnv) {
  const named = Object.entries(config.targets).filter(
    ([, { rehearsalUrlEnv }]) => rehearsalUrlEnv !== undefined,
  )
  return openRehearsalDatabases({
    async adminUrl(place, database) {
      if (place === EMBEDDED_TARGET) return (await embedded()).superuserUrl(database)
      const settings = config.targets[place]
      if (settings?.rehearsalUrlEnv === undefined) return null
      const url = new URL(readTargetUrl(place, settings, 'rehearsal', env))
      url.pathname = `/${encodeURIComponent(database)}`
      return url.href
    },
    async places() {
      const { initialised } = await readEmbeddedStatus({ home })
      return [...(initialised ? [EMBEDDED_TARGET] : []), ...named.map(([name]) => name)]
    },
  })
}
