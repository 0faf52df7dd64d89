import type { EffectContext } from '../../domain/effect.ts'
import type { Catalogue } from '../../migration/catalogue.ts'
import type { MigrationBundle } from '../../migration/migration-bundle.ts'
import {
  type BatchesPart,
  placeOfPart,
  type ScriptPart,
  type TransactionPart,
} from '../../migration/script-parts.ts'
import type { MigrationDatabase, ServerIdentity } from '../../targets/postgres/migration-database.ts'
import type { Sql } from '../../targets/target.ts'
import { limitsOf, settleTimeoutMs } from './bundle-limits.ts'
import { type CommitNoteName, lockAndProbe, probeCommit, writeCommitNote } from './commit-probe.ts'
import type { MigrateDeps } from './deps.ts'
import { withLockRetries } from './lock-retries.ts'
import { recordRollback } from './migration-history.ts'
import { lockMigrations, lockMigrationsBySession } from './migration-lock.ts'
import { runNotedBatches } from './noted-batches.ts'
import { readCatalogue } from './read-catalogue.ts'
import type { RehearsalResult } from './rehearsal-result.ts'
import { type BatchProgress, NO_BATCH, repeatBatches, runBatch } from './run-batches.ts'
import { runGuarded } from './run-guarded.ts'
import { runScript } from './run-script.ts'
import { assertSameIdentity, readServerIdentity } from './server-identity.ts'
import { readSharedObjects } from './shared-objects.ts'
import { readStandaloneState, type StandaloneState } from './standalone-statements.ts'

/** A rollback with statements outside of a transaction. Each part is found out by itself after a crash, as those of the migration are. */
export interface PartsOfRollback {
  database: MigrationDatabase
  bundle: MigrationBundle
  identity: ServerIdentity
  rehearsal: RehearsalResult
  parts: ScriptPart[]
}

type Deps = Pick<MigrateDeps, 'commitNotes'>

const noteOf = (part: ScriptPart): CommitNoteName => `back-${placeOfPart(part)}`

/** Whether each part was done. After a transaction that committed, those before it were. */
export async function readRollbackStates(
  deps: Deps,
  context: EffectContext,
  { database, bundle, rehearsal, parts }: PartsOfRollback,
): Promise<StandaloneState[]> {
  const states: StandaloneState[] = []
  for (const part of parts) {
    if (part.how === 'alone') {
      const { alone } = rehearsal.rollback.parts!.find(({ place }) => place === part.number)!
      states.push(await readStandaloneState(database, context, bundle, alone!))
      continue
    }
    const found = await probeCommit(deps, context, noteOf(part), database, settleTimeoutMs(bundle.spec))
    if (found.outcome === 'committed') states.fill('done')
    const isDone =
      found.outcome === 'committed' &&
      (part.how === 'transaction' || (found.what as unknown as BatchProgress).ended)
    states.push(isDone ? 'done' : found.outcome === 'unknown' ? 'other' : 'not done')
  }
  return states
}

/**
 * Runs the parts that are not done, in their order.
 * @param assertUnchanged compares the schema before the first part with the approved one
 * @throws every stop of a part; those before it remain, and the next attempt continues after them
 */
export async function rollBackParts(
  deps: Deps,
  context: EffectContext,
  given: PartsOfRollback,
  assertUnchanged: (found: Catalogue) => void,
): Promise<void> {
  const { database, parts } = given
  const live = context.mode === 'live'
  const states = live ? await readRollbackStates(deps, context, given) : parts.map(() => 'not done')
  if (states.every((state) => state !== 'done')) assertUnchanged(await database.read(context, readCatalogue))
  for (const [at, part] of parts.entries()) {
    if (states[at] === 'done') continue
    if (part.how === 'alone') await runAlone(context, given, part.text)
    else if (part.how === 'batches') await runAllBatches(deps, context, given, part)
    else
      await withLockRetries(context, given.bundle.spec, () =>
        database.transaction(context, limitsOf(given.bundle.spec), (sql) =>
          runTransaction(deps, context, given, part, sql),
        ),
      )
  }
}

async function runAlone(
  context: EffectContext,
  { database, bundle: { spec }, identity }: PartsOfRollback,
  text: string,
): Promise<void> {
  await database.session(context, limitsOf(spec), async (sql) => {
    await lockMigrationsBySession(sql, context, settleTimeoutMs(spec))
    if (context.mode === 'live') {
      await context.assertClaimed()
      assertSameIdentity(identity, await readServerIdentity(sql))
    }
    await runScript(sql, text, 'statement')
  })
}

async function runTransaction(
  deps: Deps,
  context: EffectContext,
  { database, identity }: PartsOfRollback,
  part: TransactionPart,
  sql: Sql,
): Promise<void> {
  const live = context.mode === 'live'
  if (live) {
    if ((await lockAndProbe(deps, context, noteOf(part), sql)) !== null) return
    assertSameIdentity(identity, await readServerIdentity(sql))
  } else await lockMigrations(sql)
  const committed = () => database.read(context, readSharedObjects)
  const { transactionId } = await runGuarded(sql, part.text, 'rollback', committed, part.line)
  if (!live) return
  await recordRollback(sql, context.runId)
  await writeCommitNote(deps, context, noteOf(part), sql, { transactionId, what: {} })
}

async function runAllBatches(
  deps: Deps,
  context: EffectContext,
  { database, bundle: { spec }, identity }: PartsOfRollback,
  part: BatchesPart,
): Promise<void> {
  const readCommitted = () => database.read(context, readSharedObjects)
  if (context.mode === 'live') {
    await runNotedBatches(deps, context, {
      ...{ database, spec, name: noteOf(part), part, what: 'rollback', readCommitted },
      begin: async (sql) => assertSameIdentity(identity, await readServerIdentity(sql)),
      end: (sql) => recordRollback(sql, context.runId),
    })
    return
  }
  await repeatBatches(part, { from: NO_BATCH, signal: context.signal }, (before) =>
    database.transaction(context, limitsOf(spec), async (sql) => {
      await lockMigrations(sql)
      return (await runBatch(sql, part, before, readCommitted, 'rollback')).progress
    }),
  )
}
