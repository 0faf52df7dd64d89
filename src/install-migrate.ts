import { migrate } from '../machines/migrate.ts'
import type { App } from './app.ts'
import { admitMigrate, type MigrateWorld, migrateEffects } from './effects/migrate/index.ts'
import type { InstalledMachine } from './engine/parts.ts'
import { definitionDigest } from './install.ts'
import { readBundleFolder } from './targets/bundle-folder.ts'
import { settingsOf, urlOf } from './targets/configured-target.ts'
import { dumpsIn } from './targets/dumps.ts'
import { embeddedStatus } from './targets/embedded.ts'
import { migrationDatabase } from './targets/migration-database.ts'
import { notesIn } from './targets/migration-notes.ts'
import { EMBEDDED, rehearsalCopies } from './targets/rehearsal-copies.ts'
import { squawk } from './targets/squawk.ts'

/** `env` holds the URLs that the config names by their variables. */
type Needs = Pick<App, 'config' | 'home' | 'target' | 'embedded'>

export async function installMigrate(app: Needs, env: NodeJS.ProcessEnv): Promise<InstalledMachine> {
  const world: MigrateWorld = {
    readBundle: readBundleFolder,
    squawk,
    database: (name) => targetToMigrate(app, env, name),
    copies: copiesOf(app, env),
    dumps: dumpsIn(app.home),
    notes: notesIn(app.home),
  }
  return {
    machine: { ...migrate, definitionDigest: definitionDigest(migrate) },
    effects: migrateEffects(world),
    admit: (input) => admitMigrate(world, input),
  }
}

/** The target as the role that migrates; none of Cutter's own tables are needed there. */
export async function targetToMigrate(
  { config, target, embedded }: Needs,
  env: NodeJS.ProcessEnv,
  name: string,
) {
  if (name === EMBEDDED) {
    await target(EMBEDDED)
    const url = await (await embedded()).superuserUrl('cutter')
    return migrationDatabase({ name: `target ${name}`, role: 'postgres', url: () => url })
  }
  const settings = settingsOf(name, config.targets)
  const role = settings.migratorUrlEnv === undefined ? 'owner' : 'migrator'
  const url = () => urlOf(name, settings, role, env)
  // Asked for once already here, so that a missing variable is told before anything begins.
  url()
  return migrationDatabase({ name: `target ${name}`, role, url })
}

/** Rehearsals' servers: the embedded one, and those that targets name. */
export function copiesOf({ config, embedded, home }: Needs, env: NodeJS.ProcessEnv) {
  const named = Object.entries(config.targets).filter(
    ([, { rehearsalUrlEnv }]) => rehearsalUrlEnv !== undefined,
  )
  return rehearsalCopies({
    async adminUrl(place, database) {
      if (place === EMBEDDED) return (await embedded()).superuserUrl(database)
      const settings = config.targets[place]
      if (settings?.rehearsalUrlEnv === undefined) return null
      const url = new URL(urlOf(place, settings, 'rehearsal', env))
      url.pathname = `/${encodeURIComponent(database)}`
      return url.href
    },
    async places() {
      const { initialised } = await embeddedStatus({ home })
      return [...(initialised ? [EMBEDDED] : []), ...named.map(([name]) => name)]
    },
  })
}
