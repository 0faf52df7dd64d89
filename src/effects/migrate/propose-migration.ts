import { z } from 'zod'
import { type EffectContext, withUnsavedEvidence } from '../../domain/effect.ts'
import { CutterError } from '../../domain/errors.ts'
import { type Evidence, jsonEvidence } from '../../domain/evidence.ts'
import { sha256 } from '../../domain/json.ts'
import { shellQuote } from '../../domain/shell-quote.ts'
import { editYaml, readYaml } from '../../domain/yaml.ts'
import type { Catalogue } from '../../migration/catalogue.ts'
import { lintMigrationBundle } from '../../migration/lint-migration-bundle.ts'
import type { MigrationBundle } from '../../migration/migration-bundle.ts'
import {
  BUNDLE_FILE,
  type MigrationBundleFiles,
  type MigrationBundleSpec,
  migrationBundleSchema,
} from '../../migration/migration-bundle-spec.ts'
import { type ProposedExpectations, proposeExpectations } from '../../migration/propose-expectations.ts'
import { parseStatements } from '../../migration/sql-statements.ts'
import type { MigrationDatabase, ServerIdentity } from '../../targets/postgres/migration-database.ts'
import type { RehearsalDatabaseRef, SourceProfile } from '../../targets/postgres/rehearsal-database.ts'
import { readJsonEvidence } from '../read-json-evidence.ts'
import { applyInTransaction } from './apply-in-transaction.ts'
import { limitsOf } from './bundle-limits.ts'
import type { MigrateDeps } from './deps.ts'
import { inDiscardedTransaction } from './discarded-transaction.ts'
import { explainDeniedRead } from './explain-denied-read.ts'
import { backup } from './phases/backup.ts'
import { asRehearsalFailure } from './phases/rehearse.ts'
import { restoreTest } from './phases/restore-test.ts'
import { serverIdentify } from './phases/server-identify.ts'
import { readCatalogue } from './read-catalogue.ts'
import { faultsMessage } from './read-migration-bundle.ts'
import { rehearseMigration } from './rehearse-migration.ts'
import { readRehearsedSequences, returnSequences } from './sequence-values.ts'
import { isSameIdentity } from './server-identity.ts'
import { readSharedObjects } from './shared-objects.ts'
import type { Backup } from './take-backup.ts'

/** A copy of a target that an earlier proposal took, which the next one may use. */
export interface KeptCopy {
  identity: ServerIdentity
  catalogue: Catalogue
  backup: Backup
}

/** What a script did on a copy of its target, as expectations. */
export interface ProposedMigration {
  /** The new text of bundle.yaml. */
  text: string
  expectations: ProposedExpectations
  copy: KeptCopy
  /** Whether the copy was there before. */
  reused: boolean
}

/**
 * Rehearses a migration without expectations on a copy of its target, and proposes what bundle.yaml should expect. Nothing of the target
 * is changed, and no file of the folder.
 * @param given.kept a copy that is used again while the target has the same schema; null takes a new one
 * @throws INPUT_REFUSED when the folder has faults other than those that a proposal fills in
 * @throws the stops of the phases `server_identify` to `rehearse`
 */
export async function proposeMigration(
  deps: MigrateDeps,
  context: EffectContext,
  given: { folder: string; target: string; kept: KeptCopy | null },
): Promise<ProposedMigration> {
  const { folder, target } = given
  const files = await deps.readMigrationFolder(folder)
  const draft = await readDraft(folder, files)
  const evidence: Evidence[] = [jsonEvidence('bundle', draft.bundle)]
  const within = withUnsavedEvidence(context, evidence)
  const keep = <T>(result: { output: T; evidence?: Evidence[] }): T => {
    evidence.push(...(result.evidence ?? []))
    return result.output
  }
  const pinned = { target, bundleDigest: evidence[0]!.digest }
  const facts = { ...pinned, ...(keep(await serverIdentify(deps).execute(within, pinned)) as Identified) }
  const identity = await readJsonEvidence<ServerIdentity>(within, facts.identityDigest)
  const kept = await usableCopy(deps, within, target, identity, given.kept)
  if (kept !== null) context.progress(`using the copy of ${kept.backup.dump.takenAt}`)
  const taken =
    kept === null
      ? (keep(await backup(deps).execute(within, facts)) as { backupDigest: string; catalogueDigest: string })
      : { backupDigest: noted(evidence, kept.backup), catalogueDigest: noted(evidence, kept.catalogue) }
  const restored = keep(await restoreTest(deps).execute(within, { ...facts, ...taken }))
  const { copy: ref } = restored as { copy: RehearsalDatabaseRef }
  try {
    await deps.rehearsalDatabases.markUsed(ref)
    const catalogue = await readJsonEvidence<Catalogue>(within, taken.catalogueDigest)
    const { roles } = await readJsonEvidence<SourceProfile>(within, facts.profileDigest)
    const database = await deps.rehearsalDatabases.open(ref, identity.role)
    const expectations = await asRehearsalFailure(() =>
      explainDeniedRead({ place: ref.place, role: identity.role, roles }, () =>
        findExpectations(database, within, draft, catalogue),
      ),
    )
    const copy = {
      identity,
      catalogue,
      backup: await readJsonEvidence<Backup>(within, taken.backupDigest),
    }
    return {
      text: withExpectations(files, draft.bundle, expectations),
      expectations,
      copy,
      reused: kept !== null,
    }
  } finally {
    await deps.rehearsalDatabases.drop(ref)
  }
}

/** A bundle without expectations, and the side effects that the author described. */
interface Draft {
  bundle: MigrationBundle
  described: MigrationBundleSpec['sideEffects']
}

type Identified = { identityDigest: string; profileDigest: string; place: string }

const noted = (evidence: Evidence[], value: unknown): string => {
  const one = jsonEvidence('kept', value)
  evidence.push(one)
  return one.digest
}

/** What a draft takes from bundle.yaml as the author left it, which may still have any faults. */
const started = z.looseObject({
  migration: z.looseObject({ file: z.string() }),
  expect: z
    .looseObject({
      distributions: z.array(z.looseObject({ name: z.string(), sql: z.string() })).catch([]),
    })
    .catch({ distributions: [] }),
  sideEffects: migrationBundleSchema.shape.sideEffects.catch([]),
})

/** Reads a folder as if its script were frozen as it is now, and nothing were expected of it. */
async function readDraft(folder: string, files: MigrationBundleFiles): Promise<Draft> {
  const text = files[BUNDLE_FILE]!
  const read = readYaml(text)
  const found = started.safeParse('value' in read ? read.value : null).data
  const script = found === undefined ? undefined : files[found.migration.file]
  const drafted =
    found === undefined || script === undefined
      ? text
      : editYaml(text, [
          { path: ['migration', 'sha256'], value: sha256(script) },
          {
            path: ['expect'],
            value: {
              schema: {},
              distributions: found.expect.distributions.map(({ name, sql }) => ({ name, sql, rows: [] })),
            },
          },
          { path: ['sideEffects'], value: [] },
        ])
  const { bundle, faults } = await lintMigrationBundle({ ...files, [BUNDLE_FILE]: drafted })
  if (bundle !== null) return { bundle, described: found!.sideEffects }
  throw new CutterError('INPUT_REFUSED', faultsMessage(folder, faults), {
    next: `fix the faults, then: cutter migrate propose ${shellQuote(folder)}`,
  })
}

/** The kept copy, unless it is of another database, or the target has another schema by now. */
async function usableCopy(
  deps: MigrateDeps,
  context: EffectContext,
  target: string,
  identity: ServerIdentity,
  kept: KeptCopy | null,
): Promise<KeptCopy | null> {
  if (kept === null || !isSameIdentity(kept.identity, identity)) return null
  const database = await deps.openDatabase(target)
  const { digest } = await database.read(context, readCatalogue)
  return digest === kept.catalogue.digest ? kept : null
}

/** Counts rows in a transaction that is rolled back, because only tables that are known to change have their columns compared. Then rehearses. */
async function findExpectations(
  database: MigrationDatabase,
  context: EffectContext,
  { bundle: draft, described }: Draft,
  source: Catalogue,
): Promise<ProposedExpectations> {
  const limits = limitsOf(draft.spec)
  const catalogue = await database.read(context, readCatalogue)
  const sequences = await database.read(context, readRehearsedSequences)
  const counted = await inDiscardedTransaction(database, context, limits, (sql) =>
    applyInTransaction(sql, {
      bundle: draft,
      catalogue,
      rehearsed: null,
      proposes: true,
      apart: [],
      readCommitted: () => database.read(context, readSharedObjects),
    }),
  )
  await returnSequences(database, context, limits, sequences)
  const rows = Object.fromEntries(
    Object.entries(counted.outcome.rows).map(([table, changes]) => [table, { ...changes, columns: [] }]),
  )
  const expect = { ...draft.spec.expect, rows }
  const watched: MigrationBundle = { ...draft, spec: { ...draft.spec, expect } }
  const { rehearsal, moved } = await rehearseMigration(database, context, watched, source, { proposes: true })
  const parsed = await parseStatements(draft.spec.migration.file, draft.texts[draft.spec.migration.file]!)
  const statements = 'statements' in parsed ? parsed.statements : []
  return proposeExpectations({ ...draft.spec, sideEffects: described }, statements, {
    outcome: rehearsal.total,
    moved,
  })
}

/** The text of bundle.yaml with the hash of the script and the expectations, and all else as the author wrote it. */
function withExpectations(
  files: MigrationBundleFiles,
  { spec }: MigrationBundle,
  { expect, sideEffects }: ProposedExpectations,
): string {
  const rows = Object.fromEntries(
    Object.entries(expect.rows).map(([table, { columns, ...counts }]) => [
      table,
      {
        ...Object.fromEntries(Object.entries(counts).filter(([, count]) => count > 0)),
        ...(columns.length === 0 ? {} : { columns }),
      },
    ]),
  )
  const { schema, sequences, distributions } = expect
  return editYaml(files[BUNDLE_FILE]!, [
    { path: ['migration', 'sha256'], value: spec.migration.sha256 },
    { path: ['expect', 'schema'], value: schema },
    { path: ['expect', 'rows'], value: rows },
    { path: ['expect', 'sequences'], value: sequences },
    { path: ['expect', 'distributions'], value: distributions },
    { path: ['sideEffects'], value: sideEffects },
  ])
}
