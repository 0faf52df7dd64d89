import { z } from 'zod'
import type { ReadEffect } from '../../../domain/effect.ts'
import { Stop } from '../../../domain/errors.ts'
import { jsonEvidence } from '../../../domain/evidence.ts'
import type { Json } from '../../../domain/json.ts'
import type { MigrationBundle } from '../../../migration/lint-migration-bundle.ts'
import type { MigrationBundleSpec } from '../../../migration/migration-bundle.ts'
import type { ServerIdentity } from '../../../targets/postgres/migration-database.ts'
import { findOutboundConnections, readDatabaseProfile } from '../database-profile.ts'
import { type MigrateDeps, readJsonEvidence } from '../deps.ts'
import { readServerIdentity } from '../server-identity.ts'

const input = z.object({ target: z.string(), bundleDigest: z.string() })
const output = z.looseObject({ identityDigest: z.string(), profileDigest: z.string(), place: z.string() })

/** Which server and database this is, before anything is done there, and whether all is there that the run will need. */
export function serverIdentify(
  world: MigrateDeps,
): ReadEffect<z.infer<typeof input>, z.infer<typeof output>> {
  return {
    name: 'server_identify',
    kind: 'read',
    input,
    output,
    async execute(context, { target, bundleDigest }) {
      const { spec } = await readJsonEvidence<MigrationBundle>(context, bundleDigest)
      const database = await world.database(target)
      const identity = await database.read(context, readServerIdentity)
      refuseOtherServer(spec, identity, target)
      const tool = await world.dumps.check(context, major(identity))
      const { profile, out } = await database.read(context, async (sql) => ({
        profile: await readDatabaseProfile(sql),
        out: await findOutboundConnections(sql),
      }))
      if (out.length > 0) throw reachesOut(target, out)
      const place = await world.copies.placeFor(target, identity)
      const [found, made] = [jsonEvidence('identity', identity), jsonEvidence('profile', profile)]
      const { systemIdentifier, database: name, version, role } = identity
      return {
        output: {
          identityDigest: found.digest,
          profileDigest: made.digest,
          place,
          report: {
            target: { name: target, systemIdentifier, database: name, version, role } as Json,
            pgDump: tool,
            rehearsalServer: place,
          },
        },
        evidence: [found, made],
      }
    },
  }
}

const major = ({ versionNumber }: ServerIdentity) => Math.floor(versionNumber / 10_000)

function refuseOtherServer({ server }: MigrationBundleSpec, found: ServerIdentity, target: string): void {
  const wrong = [
    ...(found.inRecovery ? ['it is a standby'] : []),
    ...(server.major !== undefined && server.major !== major(found)
      ? [`it runs PostgreSQL ${major(found)}, the bundle says ${server.major}`]
      : []),
    ...(server.database !== undefined && server.database !== found.database
      ? [`its database is ${found.database}, the bundle says ${server.database}`]
      : []),
    ...(server.systemIdentifier !== undefined && server.systemIdentifier !== found.systemIdentifier
      ? [`its system identifier is ${found.systemIdentifier}, the bundle says ${server.systemIdentifier}`]
      : []),
  ]
  if (wrong.length === 0) return
  throw new Stop(
    'STOP_TARGET_REFUSED',
    `target ${target} is not the server that the bundle is for: ${wrong.join('; ')}; nothing was touched`,
    {
      next: 'start the run with the right target',
    },
  )
}

/** Refuses to go on where another server or database answers than the one that was identified. */
export function assertSameIdentity(expected: ServerIdentity, found: ServerIdentity): void {
  const keys = ['systemIdentifier', 'database', 'versionNumber', 'role', 'inRecovery'] as const
  const wrong = keys.filter((key) => expected[key] !== found[key])
  if (wrong.length === 0) return
  const what = wrong.map((key) => `${key} is ${found[key]}, was ${expected[key]}`).join('; ')
  throw new Stop(
    'STOP_TARGET_REFUSED',
    `the target is no longer the one that was identified: ${what}; nothing was touched`,
    {
      next: 'point the target back to that server, or cancel this run',
    },
  )
}

const reachesOut = (target: string, names: string[]) =>
  new Stop(
    'STOP_REHEARSAL_NOT_REPRESENTATIVE',
    `target ${target} has ${names.join(', ')}, by which a rehearsal on a copy could reach and change others; nothing was touched`,
    { next: 'migrate this database by hand, or drop what is named first' },
  )
