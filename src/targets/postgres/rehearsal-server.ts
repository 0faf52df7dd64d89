import type { Client } from 'pg'
import { Stop } from '../../domain/errors.ts'
import { majorVersionOf, type ServerIdentity } from './migration-database.ts'

/** The place of the embedded server, and the name of the target in it. */
export const EMBEDDED_TARGET = 'embedded'

/** What decides whether a server can hold rehearsal databases. */
export interface RehearsalServerFacts {
  versionNumber: number
  systemIdentifier: string
}

/** Reads the facts of a server in a session of its administrator. */
export async function readRehearsalServer(client: Client): Promise<RehearsalServerFacts> {
  const { rows } = await client.query<RehearsalServerFacts>(
    `select current_setting('server_version_num')::int as "versionNumber",
       (pg_control_system()).system_identifier::text as "systemIdentifier"`,
  )
  return rows[0]!
}

/**
 * Chooses the place for the rehearsal databases of a target. The server that the target names comes first, because it has what the
 * embedded server lacks: extensions, locales, settings.
 * @param read returns what a place's server is, or null where the place has none
 * @throws STOP_REHEARSAL_NOT_REPRESENTATIVE when no server of the target's major version can be used
 */
export async function chooseRehearsalServer(
  target: string,
  source: ServerIdentity,
  read: (place: string) => Promise<RehearsalServerFacts | null>,
): Promise<string> {
  const refusals: string[] = []
  for (const place of new Set([target, EMBEDDED_TARGET])) {
    const server = await read(place)
    if (server === null) continue
    const refusal = findServerRefusal(place, server, source)
    if (refusal === null) return place
    refusals.push(refusal)
  }
  const major = majorVersionOf(source)
  throw new Stop(
    'STOP_REHEARSAL_NOT_REPRESENTATIVE',
    `target ${target} runs PostgreSQL ${major}, and no rehearsal server does (${refusals.join('; ')}); nothing was changed`,
    {
      next: `name a server of major version ${major} in cutter.yaml: targets.${target}.rehearsalUrlEnv; then resume the run`,
    },
  )
}

function findServerRefusal(
  place: string,
  server: RehearsalServerFacts,
  source: ServerIdentity,
): string | null {
  // A rehearsal would load the target's own server and create roles there. For the embedded server that is intended.
  if (place !== EMBEDDED_TARGET && server.systemIdentifier === source.systemIdentifier)
    return `${place} names the target’s own server`
  const major = majorVersionOf(server)
  return major === majorVersionOf(source) ? null : `${place} has ${major}`
}

/** Builds the stop for a place whose server is no longer configured. */
export const missingRehearsalServerError = (place: string): Stop =>
  new Stop('STOP_REHEARSAL_NOT_REPRESENTATIVE', `the rehearsal server for ${place} no longer exists`, {
    next: `name it in cutter.yaml: targets.${place}.rehearsalUrlEnv`,
  })
