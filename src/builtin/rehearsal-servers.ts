import type { EmbeddedTargets } from '../targets/embedded/embedded-targets.ts'
import { readEmbeddedStatus } from '../targets/embedded/open-embedded.ts'
import { readTargetUrl, type TargetSettings } from '../targets/postgres/configured-target.ts'
import {
  type MigrationRehearsalDatabases,
  openRehearsalDatabases,
} from '../targets/postgres/rehearsal-databases.ts'
import { openNamedServer, type RehearsalPlace } from '../targets/postgres/rehearsal-place.ts'
import { EMBEDDED_TARGET } from '../targets/postgres/rehearsal-server.ts'
import { urlOfDatabase } from '../targets/postgres/role-login.ts'

/** What the servers of rehearsals are found by. */
export interface RehearsalServerDeps {
  home: string
  config: { targets: { [name: string]: TargetSettings } }
  /** Holds the URLs that cutter.yaml names by their variables. */
  env: NodeJS.ProcessEnv
  embedded(): Promise<Pick<EmbeddedTargets, 'superuserUrl' | 'rehearsalServers'>>
}

/** The rehearsal databases of all servers that are known: those that Cutter makes, and those that targets name. */
export function createRehearsalDatabases(deps: RehearsalServerDeps): MigrationRehearsalDatabases {
  const { config, env } = deps
  const named = Object.entries(config.targets).filter(
    ([, { rehearsalUrlEnv }]) => rehearsalUrlEnv !== undefined,
  )
  const openNamed = (place: string) => {
    const settings = config.targets[place]
    if (settings?.rehearsalUrlEnv === undefined) return null
    return openNamedServer(place, async (database) =>
      urlOfDatabase(readTargetUrl(place, settings, 'rehearsal', env), database),
    )
  }
  return openRehearsalDatabases({
    find: async (place) => (place === EMBEDDED_TARGET ? openOwnServers(deps) : openNamed(place)),
    list: async () => [await openOwnServers(deps), ...named.flatMap(([name]) => openNamed(name) ?? [])],
  })
}

/**
 * The servers that Cutter makes. Earlier versions created rehearsal databases in the embedded server: those are only listed and removed.
 */
async function openOwnServers({ embedded, home }: RehearsalServerDeps): Promise<RehearsalPlace> {
  const { rehearsalServers: own, superuserUrl } = await embedded()
  const { initialised } = await readEmbeddedStatus({ home })
  if (!initialised) return own
  const earlier = openNamedServer(EMBEDDED_TARGET, superuserUrl)
  return {
    ...own,
    async list() {
      const made = await own.list()
      const others = (await earlier.list()).filter((one) =>
        made.every(({ database }) => database !== one.database),
      )
      return [...made, ...others]
    },
    async remove(name) {
      await own.remove(name)
      // Those that only proved a backup did not outlive their run.
      if (!name.startsWith('restored_')) await earlier.remove(name)
    },
  }
}
