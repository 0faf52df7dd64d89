import { z } from 'zod'
import type { Effect } from '../../../domain/effect.ts'
import { Stop } from '../../../domain/errors.ts'
import { jsonEvidence } from '../../../domain/evidence.ts'
import { readEffect } from '../../../machine/define-effect.ts'
import { onlyIn } from '../../../migration/catalogue.ts'
import type { MigrationBundle } from '../../../migration/migration-bundle.ts'
import type { MigrationBundleSpec } from '../../../migration/migration-bundle-spec.ts'
import type { ServerIdentity } from '../../../targets/postgres/migration-database.ts'
import { readJsonEvidence } from '../../read-json-evidence.ts'
import { findForeignObjects, findOutboundConnections, readDatabaseProfile } from '../database-profile.ts'
import type { MigrateDeps } from '../deps.ts'
import { estimateWork, readDatabaseBytes } from '../estimate-work.ts'
import { withDeviations } from '../restore-backup.ts'
import { readServerIdentity, serverMajorVersion } from '../server-identity.ts'
import { committedUpTo, readTargetNow } from '../snapshot-backup.ts'

/** Identifies server and database before anything else, and checks the tools and the rehearsal server that the run will need. */
export function serverIdentify(deps: MigrateDeps): Effect {
  return readEffect({
    name: 'server_identify',
    input: z.object({ target: z.string(), bundleDigest: z.string() }),
    output: z.looseObject({
      identityDigest: z.string(),
      profileDigest: z.string(),
      place: z.string(),
      committedUpTo: committedUpTo.optional(),
    }),
    async execute(context, { target, bundleDigest }) {
      const { spec, texts } = await readJsonEvidence<MigrationBundle>(context, bundleDigest)
      const database = await deps.openDatabase(target)
      const identity = await database.read(context, readServerIdentity)
      assertServerOfBundle(spec, identity, target)
      const snapshotPlace = deps.snapshots.placeFor(target)
      const hasSnapshots = snapshotPlace !== null
      const tool = hasSnapshots ? null : await deps.dumps.check(context, serverMajorVersion(identity))
      const { found, outbound, foreign } = await database.read(context, async (sql) => ({
        found: await readDatabaseProfile(sql, database.settingNames()),
        outbound: await findOutboundConnections(sql),
        foreign: await findForeignObjects(sql),
      }))
      const makesPolicies = Object.values(texts).some((text) => /row\s+level\s+security/i.test(text))
      const profile = { ...found, policies: found.policies === true || makesPolicies }
      // An instance has what a restored copy does without.
      const refused = hasSnapshots ? outbound : onlyIn(outbound, spec.deviations ?? [])
      if (refused.length > 0)
        throw hasSnapshots
          ? outboundInstanceError(target, refused)
          : outboundError(target, refused, [...new Set([...outbound, ...foreign])].sort())
      const place =
        snapshotPlace ??
        (await deps.rehearsalDatabases.chooseServer(
          target,
          identity,
          withDeviations(profile, spec.deviations),
        ))
      const databaseBytes = await database.read(context, readDatabaseBytes)
      const since = hasSnapshots ? { committedUpTo: await readTargetNow(deps, context, target) } : {}
      const estimate = estimateWork(context, {
        databaseBytes,
        freeBytes: await deps.measures.freeBytes(),
        rates: hasSnapshots ? {} : deps.measures.rates(),
        hasCopies: place === 'embedded',
      })
      const identified = jsonEvidence('identity', identity)
      const made = jsonEvidence('profile', profile)
      const { systemIdentifier, database: name, version, role } = identity
      return {
        output: {
          identityDigest: identified.digest,
          profileDigest: made.digest,
          place,
          ...since,
          report: {
            target: { name: target, systemIdentifier, database: name, version, role },
            ...(tool === null ? { backupBy: 'a snapshot of the provider' } : { pgDump: tool }),
            rehearsalServer: place,
            ...(tool === null ? {} : { estimate: { ...estimate } }),
          },
        },
        evidence: [identified, made],
      }
    },
  })
}

/** @throws STOP_TARGET_REFUSED when the server is a standby, or not the one that bundle.yaml describes */
function assertServerOfBundle({ server }: MigrationBundleSpec, found: ServerIdentity, target: string): void {
  const wrong: string[] = []
  if (found.inRecovery) wrong.push('it is a standby')
  if (server.major !== undefined && server.major !== serverMajorVersion(found))
    wrong.push(`it runs PostgreSQL ${serverMajorVersion(found)}, bundle.yaml requires ${server.major}`)
  if (server.database !== undefined && server.database !== found.database)
    wrong.push(`its database is ${found.database}, bundle.yaml requires ${server.database}`)
  if (server.systemIdentifier !== undefined && server.systemIdentifier !== found.systemIdentifier)
    wrong.push(
      `its system identifier is ${found.systemIdentifier}, bundle.yaml requires ${server.systemIdentifier}`,
    )
  if (wrong.length === 0) return
  throw new Stop(
    'STOP_TARGET_REFUSED',
    `target ${target} is not the server that the migration bundle is for: ${wrong.join('; ')}; nothing was changed`,
    {
      next: 'start the run with the right target',
    },
  )
}

const outboundInstanceError = (target: string, names: string[]) =>
  new Stop(
    'STOP_REHEARSAL_NOT_REPRESENTATIVE',
    `target ${target} has ${names.join(', ')}, through which a rehearsal on an instance restored from its snapshot could change other databases; nothing was changed`,
    {
      next: `drop what is named, or remove targets.${target}.snapshotUrlEnv, so that Cutter restores a copy without it; then start another run`,
    },
  )

const outboundError = (target: string, names: string[], all: string[]) =>
  new Stop(
    'STOP_REHEARSAL_NOT_REPRESENTATIVE',
    `target ${target} has ${names.join(', ')}, through which a rehearsal could change other databases; nothing was changed`,
    {
      next: `accept in bundle.yaml that the rehearsal does without, and without what reads it (deviations: [${all.map((name) => JSON.stringify(name)).join(', ')}]), or drop what is named; then start another run`,
    },
  )
