import { type EffectContext, withUnsavedEvidence } from '../../domain/effect.ts'
import { type Evidence, jsonEvidence } from '../../domain/evidence.ts'
import type { Catalogue } from '../../migration/catalogue.ts'
import { BUNDLE_FILE, type MigrationBundleFiles } from '../../migration/migration-bundle-spec.ts'
import type { ProposedExpectations } from '../../migration/propose-expectations.ts'
import type { ServerIdentity } from '../../targets/postgres/migration-database.ts'
import type { RehearsalDatabaseRef, SourceProfile } from '../../targets/postgres/rehearsal-database.ts'
import { readJsonEvidence } from '../read-json-evidence.ts'
import type { MigrateDeps } from './deps.ts'
import { explainDenied } from './explain-denied.ts'
import { findExpectations } from './find-expectations.ts'
import { backup } from './phases/backup.ts'
import { asRehearsalFailure } from './phases/rehearse.ts'
import { restoreTest } from './phases/restore-test.ts'
import { serverIdentify } from './phases/server-identify.ts'
import { type PlannedRestore, readPlannedRestore } from './planned-restore.ts'
import { type Draft, readDraft, withExpectations } from './propose-draft.ts'
import { readCatalogue } from './read-catalogue.ts'
import { isSameIdentity } from './server-identity.ts'
import type { Backup } from './take-backup.ts'

/** A copy of a target that an earlier proposal took, which the next one may use. */
export interface KeptCopy {
  identity: ServerIdentity
  catalogue: Catalogue
  backup: Backup
}

/** What a script did on a copy of its target, as expectations. */
export interface ProposedMigration {
  folder: string
  /** The new text of bundle.yaml, and the files that the author has not written. */
  files: MigrationBundleFiles
  expectations: ProposedExpectations
  /** The differences between copy and target that bundle.yaml accepts, as the plan of a run shows them. */
  deviations: string[]
}

/**
 * Rehearses migrations without expectations, one after another, on one copy of their target, and proposes what each bundle.yaml should
 * expect. Nothing of the target is changed, and no file of the folders.
 * @param given.kept a copy that is used again while the target has the same schema; null takes a new one
 * @param given.onProposed is called after each, before the next is rehearsed
 * @returns the copy, whether it was there before, and what pg_restore alone can't restore of its backup
 * @throws INPUT_REFUSED when a folder has faults other than those that a proposal fills in
 * @throws the stops of the phases `server_identify` to `rehearse`
 */
export async function proposeMigrations(
  deps: MigrateDeps,
  context: EffectContext,
  given: {
    bundles: { folder: string; files: MigrationBundleFiles }[]
    target: string
    kept: KeptCopy | null
    onProposed(proposed: ProposedMigration): void
  },
): Promise<{ copy: KeptCopy; reused: boolean; restore: PlannedRestore | undefined }> {
  const { bundles, target } = given
  const drafts: Draft[] = []
  for (const { folder, files } of bundles) drafts.push(await readDraft(folder, files))
  const evidence: Evidence[] = [jsonEvidence('bundle', drafts[0]!.bundle)]
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
  const { copy: ref, restoredDigest } = restored as { copy: RehearsalDatabaseRef; restoredDigest: string }
  try {
    await deps.rehearsalDatabases.markUsed(ref, within)
    const source = await readJsonEvidence<Catalogue>(within, taken.catalogueDigest)
    const profile = await readJsonEvidence<SourceProfile>(within, facts.profileDigest)
    const database = await deps.rehearsalDatabases.open(ref, identity.role)
    for (const [at, one] of drafts.entries()) {
      const { folder } = bundles[at]!
      if (drafts.length > 1) context.progress(`rehearsing ${at + 1} of ${drafts.length}: ${folder}`)
      const catalogue = at === 0 ? source : await database.read(within, readCatalogue)
      const { draft, expectations, deviations } = await asRehearsalFailure(() =>
        explainDenied(
          {
            ...{ database, context: within, bundle: one.bundle, source: catalogue, profile },
            ...{ place: ref.place, role: identity.role },
          },
          () => findExpectations(database, within, one, catalogue),
        ),
      )
      const made = Object.fromEntries(draft.missing.map((name) => [name, draft.files[name]!]))
      const files = { ...made, [BUNDLE_FILE]: withExpectations(draft, expectations) }
      given.onProposed({ folder, files, expectations, deviations })
    }
    const copy = {
      identity,
      catalogue: source,
      backup: await readJsonEvidence<Backup>(within, taken.backupDigest),
    }
    return { copy, reused: kept !== null, restore: await readPlannedRestore(within, restoredDigest) }
  } finally {
    await deps.rehearsalDatabases.drop(ref)
  }
}

type Identified = { identityDigest: string; profileDigest: string; place: string }

const noted = (evidence: Evidence[], value: unknown): string => {
  const one = jsonEvidence('kept', value)
  evidence.push(one)
  return one.digest
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
