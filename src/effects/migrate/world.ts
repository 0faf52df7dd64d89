import type { EffectContext } from '../../domain/effect.ts'
import type { BundleFiles, BundleSpec } from '../../migration/bundle.ts'
import type { Dumps } from '../../targets/dumps.ts'
import type { Limits, MigrationDatabase } from '../../targets/migration-database.ts'
import type { Notes } from '../../targets/migration-notes.ts'
import type { Copies } from '../../targets/rehearsal-copies.ts'
import type { SquawkReport } from '../../targets/squawk.ts'

/** What the effects of a migration reach for; the app brings it. */
export interface MigrateWorld {
  readBundle(folder: string): Promise<BundleFiles>
  squawk(folder: string, file: string, inTransaction: boolean, signal: AbortSignal): Promise<SquawkReport>
  /** The target, as the role that migrates. */
  database(target: string): Promise<MigrationDatabase>
  copies: Copies
  dumps: Dumps
  notes: Notes
}

export async function jsonOf<T>(context: EffectContext, digest: string): Promise<T> {
  return JSON.parse(Buffer.from(await context.evidence(digest)).toString('utf8')) as T
}

export const limitsOf = (spec: BundleSpec): Limits => ({
  lockTimeoutMs: spec.lockTimeoutSeconds * 1_000,
  statementTimeoutMs: spec.statementTimeoutSeconds * 1_000,
})
