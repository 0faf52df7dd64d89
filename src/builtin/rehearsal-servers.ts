import type { EmbeddedTargets } from '../targets/embedded/embedded-targets.ts'
import { readEmbeddedStatus } from '../targets/embedded/open-embedded.ts'
import { readTargetUrl, type TargetSettings } from '../targets/postgres/configured-target.ts'
import {
  type MigrationRehearsalDatabases,
  openRehearsalDatabases,
} from '../targets/postgres/rehearsal-databases.ts'
import { EMBEDDED_TARGET } from '../targets/postgres/rehearsal-server.ts'

/** What the servers of rehearsals are found by. */
export interface RehearsalServerDeps {
  home: string
  config: { targets: { [name: string]: TargetSettings } }
  /** Holds the URLs that cutter.yaml names by their variables. */
  env: NodeJS.ProcessEnv
  embedded(): Promise<Pick<EmbeddedTargets, 'superuserUrl'>>
}

/** The rehearsal databases of all servers that are known: the embedded one, and those that targets name. */
export function createRehearsalDatabases({
  config,
  embedded,
  home,
  env,
}: RehearsalServerDeps): MigrationRehearsalDatabases {
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
