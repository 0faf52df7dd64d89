import { z } from 'zod'
import type { ReadEffect } from '../../../domain/effect.ts'
import { bytesEvidence, jsonEvidence } from '../../../domain/evidence.ts'
import type { Json } from '../../../domain/json.ts'
import { type Catalogue, scopeCatalogue } from '../../../migration/catalogue.ts'
import type { MigrationBundle } from '../../../migration/lint-migration-bundle.ts'
import type { ServerIdentity } from '../../../targets/postgres/migration-database.ts'
import { type MigrateDeps, readJsonEvidence } from '../deps.ts'
import type { CheckResult } from '../migration-checks.ts'
import { renderMigrationCloseout } from '../migration-closeout-markdown.ts'
import { readCatalogue } from '../read-catalogue.ts'
import type { Backup } from '../take-backup.ts'
import type { RehearsalResult } from './rehearse.ts'

const input = z.object({
  target: z.string(),
  bundleDigest: z.string(),
  identityDigest: z.string(),
  catalogueDigest: z.string(),
  backupDigest: z.string(),
  rehearsalDigest: z.string(),
  preflightDigest: z.string(),
  verificationDigest: z.string(),
  secondBackupDigest: z.string().optional(),
  rolledBack: z.boolean().default(false),
  copy: z.object({ place: z.string(), database: z.string() }),
})
const output = z.looseObject({ closeoutDigest: z.string() })

/** Everything that a closeout tells; its text says the same for people. */
export interface MigrationCloseout {
  runId: string
  mode: string
  bundle: string
  migrationSha256: string
  target: { name: string; systemIdentifier: string; database: string; version: string; role: string }
  /** What is so now, in one sentence. */
  standsAs: string
  did: {
    schema: RehearsalResult['total']['schema']
    rows: RehearsalResult['total']['rows']
    columns: RehearsalResult['total']['columns']
  }
  checks: { preflight: CheckResult[]; verification: CheckResult[]; failed: string[] }
  sideEffects: MigrationBundle['spec']['sideEffects']
  backups: {
    which: string
    file: string
    sha256: string
    takenAt: string
    holds: string
    retention: string
  }[]
  rehearsalKept: { place: string; database: string }
  unauthorised: string[]
  nextStep: string
}

/** The last look, and the document of it: what was done, every check, what stays unauthorised; the next step named, not taken. */
export function closeout(world: MigrateDeps): ReadEffect<z.infer<typeof input>, z.infer<typeof output>> {
  return {
    name: 'closeout',
    kind: 'read',
    input,
    output,
    async execute(context, given) {
      const live = context.mode === 'live'
      const bundle = await readJsonEvidence<MigrationBundle>(context, given.bundleDigest)
      const { systemIdentifier, database, version, role } = await readJsonEvidence<ServerIdentity>(
        context,
        given.identityDigest,
      )
      const before = await readJsonEvidence<Catalogue>(context, given.catalogueDigest)
      const { total, touches } = await readJsonEvidence<RehearsalResult>(context, given.rehearsalDigest)
      const verification = await readJsonEvidence<{ checks: CheckResult[]; failed: string[] }>(
        context,
        given.verificationDigest,
      )
      const first = await readJsonEvidence<Backup>(context, given.backupDigest)
      const second =
        given.secondBackupDigest === undefined
          ? null
          : await readJsonEvidence<Backup>(context, given.secondBackupDigest)
      const found = await (await world.database(given.target)).read(context, readCatalogue)
      // What others did elsewhere stays, and is no part of what was rolled back.
      const asBefore = scopeCatalogue(touches, found).digest === scopeCatalogue(touches, before).digest
      const { schema, rows, columns } = total
      const document: MigrationCloseout = {
        runId: context.runId,
        mode: context.mode,
        bundle: bundle.spec.name,
        migrationSha256: bundle.spec.migration.sha256,
        target: { name: given.target, systemIdentifier, database, version, role },
        standsAs: standing(live, given.rolledBack, live ? asBefore : found.digest === before.digest),
        did: { schema, rows, columns },
        checks: {
          preflight: await readJsonEvidence<CheckResult[]>(context, given.preflightDigest),
          verification: verification.checks,
          failed: verification.failed,
        },
        sideEffects: bundle.spec.sideEffects,
        backups: [
          { which: 'first', ...told(first), holds: 'the state before the migration, and not the new one' },
          ...(second === null
            ? []
            : [
                {
                  which: 'second',
                  ...told(second),
                  holds: live ? 'the migrated state' : 'the copy’s migrated state',
                },
              ]),
        ],
        rehearsalKept: given.copy,
        unauthorised: UNAUTHORISED,
        nextStep: nextStep(live, given.rolledBack),
      }
      const [facts, text] = [
        jsonEvidence('closeout', document),
        bytesEvidence('closeout.md', 'text/markdown', Buffer.from(renderMigrationCloseout(document))),
      ]
      return {
        output: {
          closeoutDigest: facts.digest,
          report: {
            standsAs: document.standsAs,
            targetSchema: found.digest === before.digest ? 'as before the run' : 'changed',
            closeout: text.digest,
            nextStep: document.nextStep,
          } as { [name: string]: Json },
        },
        evidence: [facts, text],
      }
    },
  }
}

const told = ({ dump: { file, sha256, takenAt }, retention }: Backup) => ({
  file,
  sha256,
  takenAt,
  retention,
})

function standing(live: boolean, rolledBack: boolean, unchanged: boolean): string {
  if (!live)
    return `rehearsed on a copy; the target was only read, and its schema is ${unchanged ? 'as it was' : 'not as it was: others changed it meanwhile'}`
  if (rolledBack)
    return unchanged
      ? 'rolled back: the schema is the one before the migration'
      : 'rolled back by rollback.sql'
  return 'migrated, verified, and backed up in its new state'
}

const UNAUTHORISED = [
  'any other migration, and this one on any other database',
  'the removal of the rehearsal’s copy',
  'the removal of backups',
  'releasing whatever depends on the new schema',
]

function nextStep(live: boolean, rolledBack: boolean): string {
  if (!live) return 'start the same bundle in live mode; its plan must be approved anew'
  if (rolledBack) return 'find out why it did not verify, and freeze another bundle'
  return 'release what depends on the new schema; that is another run’s, or a person’s, to decide'
}
