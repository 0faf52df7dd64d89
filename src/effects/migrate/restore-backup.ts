import { performance } from 'node:perf_hooks'
import { z } from 'zod'
import type { EffectContext } from '../../domain/effect.ts'
import {
  type Catalogue,
  compareSchemas,
  isEmptyDifference,
  onlyIn,
  type SchemaDifference,
  withoutObjects,
} from '../../migration/catalogue.ts'
import type { MigrationBundle } from '../../migration/migration-bundle.ts'
import type { MigrationDatabase, ServerIdentity } from '../../targets/postgres/migration-database.ts'
import type {
  ExtensionProfile,
  RehearsalDatabaseRef,
  SourceProfile,
} from '../../targets/postgres/rehearsal-database.ts'
import type { LeftOut } from '../../targets/postgres/restore-dump.ts'
import { readJsonEvidence } from '../read-json-evidence.ts'
import { compareContents, readContentsLike } from './database-contents.ts'
import { readDatabaseProfile } from './database-profile.ts'
import type { MigrateDeps } from './deps.ts'
import { readDifferingMembers } from './differing-members.ts'
import { findLeftOut } from './left-out.ts'
import { type PlannedRestore, planRestore } from './planned-restore.ts'
import { readCatalogue, readDefinitions } from './read-catalogue.ts'
import { readWithoutPolicies } from './read-without-policies.ts'
import { restoreInvalidIndexes } from './restore-invalid-indexes.ts'
import { otherContentsError, otherSchemaError } from './restored-otherwise.ts'
import { type DefinitionPair, findSameDefinitions } from './same-definitions.ts'
import { findSameRows } from './same-rows.ts'
import { compareSequences, readSequenceValues } from './sequence-values.ts'
import type { Backup } from './take-backup.ts'

/** The rehearsal database of a run, as the fact `copy`. */
export const rehearsalDatabaseRef = z.object({ place: z.string(), database: z.string() })

/** What every phase that restores a backup takes from the facts of the run. */
export const restoreFacts = {
  target: z.string(),
  bundleDigest: z.string(),
  identityDigest: z.string(),
  profileDigest: z.string(),
  place: z.string(),
}

type Deps = Pick<MigrateDeps, 'dumps' | 'measures' | 'rehearsalDatabases' | 'openDatabase'>
type Facts = {
  target: string
  bundleDigest: string
  identityDigest: string
  profileDigest: string
  place: string
}

/** The database of which a backup is, where it is not the target as it was identified. */
interface BackedUpDatabase {
  database: MigrationDatabase
  identity: ServerIdentity
}

interface GivenBackup {
  backup: Backup
  /** Of the database as it was backed up; null: the schema was compared before. */
  catalogue: Catalogue | null
  /** Which database the backup is of; left out: the target as it was identified. */
  source?: BackedUpDatabase
  /** Deviations that bundle.yaml does not name. */
  accepted?: string[]
}

/** A database, and its catalogue when it was backed up or restored. */
interface Compared {
  database: MigrationDatabase
  catalogue: Catalogue
}

interface Restored {
  tables: number
  /** The rows of all tables, as a decimal number. */
  rows: string
  /** Of the server on which code of the backup ran; left out where Cutter did not start it. */
  sandbox?: string
  /** What only a superuser could restore; left out where it is nothing. */
  leftOut?: string[]
  /** What pg_restore alone can't restore; left out where it can. */
  needs?: PlannedRestore
}

/**
 * Restores a backup into a new rehearsal database, never into the source, and compares the two. A backup counts only after this.
 * @throws STOP_BACKUP_FAILED when the restored database has other rows than were backed up
 * @throws STOP_REHEARSAL_NOT_REPRESENTATIVE when its schema differs
 */
export async function restoreBackup(
  deps: Deps,
  context: EffectContext,
  facts: Facts,
  { backup, catalogue, source, accepted = [] }: GivenBackup,
  ref: RehearsalDatabaseRef,
): Promise<Restored> {
  const { systemIdentifier, database } =
    source?.identity ?? (await readJsonEvidence<ServerIdentity>(context, facts.identityDigest))
  const described = {
    ...ref,
    runId: context.runId,
    target: facts.target,
    source: { systemIdentifier, database },
    madeAt: context.now().toISOString(),
  }
  const { spec } = await readJsonEvidence<MigrationBundle>(context, facts.bundleDigest)
  const deviations = [...(spec.deviations ?? []), ...accepted]
  const identified = await readProfile(deps, context, facts)
  const profile = source === undefined ? identified : await readMigrated(context, source.database, identified)
  const restored = await deps.rehearsalDatabases.create(described, withDeviations(profile, deviations))
  context.progress(`pg_restore into ${restored.name}`)
  const begun = performance.now()
  const { role } = await readJsonEvidence<ServerIdentity>(context, facts.identityDigest)
  const { leftOut: left, needs } = await deps.dumps.restore(context, backup.dump, restored, {
    ...{ settings: profile.settings, role, deviations },
  })
  await deps.rehearsalDatabases.seal(ref, profile)
  const origin = source?.database ?? (await deps.openDatabase(facts.target))
  if (catalogue !== null) await restoreMissingIndexes(context, { database: origin, catalogue }, restored)
  const found = {
    ...(await readWithoutPolicies(restored, context, async (sql) => ({
      contents: await readContentsLike(sql, restored, context.progress, backup),
      sequences: await readSequenceValues(sql),
    }))),
    catalogue: await restored.read(context, readCatalogue),
  }
  const reordered = await findSameRows(deps, context, { backup, restored }, found.contents)
  const lines = [
    ...compareContents(backup.contents, found.contents, reordered),
    ...compareSequences(backup.sequences.before, backup.sequences.after, found.sequences),
  ]
  if (lines.length > 0) throw otherContentsError(backup, lines)
  if (backup.without === undefined)
    deps.measures.note('restore', backup.databaseBytes ?? 0, performance.now() - begun)
  const leftOut =
    catalogue === null
      ? []
      : await compareWithSource(
          context,
          ref,
          { database: origin, catalogue, left, deviations },
          { database: restored, catalogue: found.catalogue },
        )
  const tables = Object.values(backup.contents.tables)
  const sandbox = await deps.rehearsalDatabases.sandbox(ref)
  return {
    tables: tables.length,
    rows: String(tables.reduce((sum, { rows }) => sum + BigInt(rows), 0n)),
    ...(sandbox === null ? {} : { sandbox }),
    ...(leftOut.length === 0 ? {} : { leftOut }),
    ...(needs.length === 0 ? {} : { needs: planRestore(needs) }),
  }
}

/**
 * Returns the names of what the restore left out.
 * @throws STOP_REHEARSAL_NOT_REPRESENTATIVE when anything else differs
 */
async function compareWithSource(
  context: EffectContext,
  ref: RehearsalDatabaseRef,
  source: Compared & { left: LeftOut[]; deviations: string[] },
  copy: Compared,
): Promise<string[]> {
  const { objects } = copy.catalogue
  const missing = Object.keys(source.catalogue.objects).filter((name) => objects[name] === undefined)
  const leftOut = findLeftOut(missing, source.left)
  const expected = withoutObjects(leftOut, source.catalogue)
  const { changed, ...others } = compareSchemas(expected, copy.catalogue)
  const same = await findSameTexts(context, changed, source, copy)
  const difference = withoutDeviations(source.deviations, { ...others, changed: onlyIn(changed, same) })
  if (!isEmptyDifference(difference))
    throw otherSchemaError(
      ref,
      difference,
      source.left,
      await readDifferingMembers(context, difference, [source.database, copy.database]),
    )
  return leftOut
}

/** A profile whose extensions may lack in a copy where bundle.yaml accepts it. */
export const withDeviations = (profile: SourceProfile, deviations: string[] = []): SourceProfile => ({
  ...profile,
  extensions: profile.extensions?.map((one) => mayLack(one, deviations)) ?? [],
})

const mayLack = (extension: ExtensionProfile, deviations: string[]): ExtensionProfile =>
  deviations.includes(`extension ${extension.name}`) ? { ...extension, mayLack: true } : extension

/** pg_dump leaves invalid indexes out. */
async function restoreMissingIndexes(
  context: EffectContext,
  source: Compared,
  restored: MigrationDatabase,
): Promise<void> {
  const { objects } = await restored.read(context, readCatalogue)
  const missing = Object.keys(source.catalogue.objects).filter(
    (name) => name.startsWith('index ') && objects[name] === undefined,
  )
  const definitions = await source.database.read(context, (sql) => readDefinitions(sql, missing))
  await restoreInvalidIndexes(restored, context, definitions)
}

/** The privileges on an object, and its parts, go with it. */
function withoutDeviations(deviations: string[], difference: SchemaDifference): SchemaDifference {
  const remaining = (names: string[]) =>
    names.filter(
      (name) =>
        !deviations.some(
          (one) => name === one || (name.startsWith('grant ') && name.includes(` on ${one} to `)),
        ),
    )
  const { added, removed, changed } = difference
  return { added: remaining(added), removed: remaining(removed), changed: remaining(changed) }
}

/** The server may write a restored definition otherwise, so definitions that differ are parsed again. */
async function findSameTexts(
  context: EffectContext,
  names: string[],
  source: Compared,
  copy: Compared,
): Promise<string[]> {
  if (names.length === 0) return []
  const read = async ({ database, catalogue }: Compared) => {
    const found = await database.read(context, (sql) => readDefinitions(sql, names))
    // Others may have changed the source since it was backed up.
    const present = found.filter(({ name, digest }) => catalogue.objects[name]?.digest === digest)
    return new Map(present.map((one) => [one.name, one]))
  }
  const [written, restored] = [await read(source), await read(copy)]
  const pairs = [...written.values()].flatMap((one): DefinitionPair[] => {
    const other = restored.get(one.name)
    return other === undefined ? [] : [[one, other]]
  })
  return findSameDefinitions(copy.database, context, pairs)
}

/** The profile of a run that an earlier version started lacks what a restore without power needs, so it is read again. */
async function readProfile(
  deps: Pick<MigrateDeps, 'openDatabase'>,
  context: EffectContext,
  { target, profileDigest }: Facts,
): Promise<SourceProfile> {
  const profile = await readJsonEvidence<SourceProfile>(context, profileDigest)
  if (profile.extensions !== undefined) return profile
  const database = await deps.openDatabase(target)
  return database.read(context, (sql) => readDatabaseProfile(sql, database.settingNames()))
}

/** A migration may have made, updated or dropped extensions, or changed the schema public. The roles of a rehearsal database are not those of the target. */
async function readMigrated(
  context: EffectContext,
  database: MigrationDatabase,
  identified: SourceProfile,
): Promise<SourceProfile> {
  const found = await database.read(context, (sql) => readDatabaseProfile(sql, database.settingNames()))
  if (context.mode === 'live') return found
  const ownersOf = ({ name, owner, schemaOwner }: ExtensionProfile) =>
    identified.extensions?.find((one) => one.name === name) ?? { owner, schemaOwner }
  const extensions = found.extensions?.map((one) => {
    const { owner, schemaOwner } = ownersOf(one)
    return { ...one, owner, schemaOwner }
  })
  return {
    ...identified,
    ...(extensions === undefined ? {} : { extensions }),
    ...(found.publicSchema === null ? { publicSchema: null } : {}),
  }
}

/** Restores a backup, compares it, and drops the rehearsal database again, because nothing is rehearsed there. */
export async function proveRestorable(
  deps: Deps,
  context: EffectContext,
  facts: Facts,
  taken: GivenBackup,
): Promise<Restored> {
  const ref = { place: facts.place, database: rehearsalDatabaseName('restored', context) }
  try {
    return await restoreBackup(deps, context, facts, taken, ref)
  } finally {
    await deps.rehearsalDatabases.drop(ref)
  }
}

/** Cutter makes run ids of letters, digits and hyphens. The effect's `seq` gives a second attempt of the effect the same name. */
export const rehearsalDatabaseName = (
  kind: 'rehearsal' | 'restored',
  { runId, seq }: EffectContext,
): string => `${kind}_${runId.toLowerCase().replace(/[^a-z0-9]/g, '_')}_${seq}`
