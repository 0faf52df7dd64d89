import { Stop } from '../../domain/errors.ts'
import type { Sql, TargetCaller } from '../target.ts'
import type { MigrationDatabase } from './migration-database.ts'
import type { MigrationRehearsalDatabases } from './rehearsal-databases.ts'

/**
 * Instances that a provider restored from snapshots. A migration is rehearsed on such an instance itself, by the login of the role that
 * migrates, because a second copy would take as long as the backup that the snapshot replaces.
 */

/** The instances by which snapshots of targets are proven. */
export interface SnapshotInstances {
  /** The place of rehearsals on the instance of a target; null where the policy accepts no snapshot of it. */
  placeFor(target: string): string | null
  /**
   * Opens the instance of a target as the role that migrates; null where the policy accepts no snapshot of it.
   * @throws TARGET_REFUSED when its URL is not given yet
   */
  open(target: string): Promise<MigrationDatabase | null>
  /** Whether something was rehearsed on the instance of a session. */
  wasUsed(sql: Sql): Promise<boolean>
}

const PLACE = 'snapshot of '

/**
 * Gives access to the instances that cutter.yaml names.
 * @param accepts whether it names one for a target
 */
export const openSnapshotInstances = (
  accepts: (target: string) => boolean,
  open: SnapshotInstances['open'],
): SnapshotInstances => ({
  placeFor: (target) => (accepts(target) ? `${PLACE}${target}` : null),
  open,
  wasUsed,
})

/** Adds the instances to the other places for rehearsals. Cutter makes and drops none of them. */
export function withSnapshotInstances(
  others: MigrationRehearsalDatabases,
  snapshots: SnapshotInstances,
): MigrationRehearsalDatabases {
  const isInstance = ({ place }: { place: string }) => place.startsWith(PLACE)
  const open = async ({ place }: { place: string }) => {
    const target = place.slice(PLACE.length)
    const instance = await snapshots.open(target)
    if (instance !== null) return instance
    throw new Stop(
      'STOP_REHEARSAL_FAILED',
      `cutter.yaml names no instance restored from a snapshot of target ${target} any more`,
      {
        next: `name it again (targets.${target}.snapshotUrlEnv) and resume the run, or cancel this run and start another`,
      },
    )
  }
  return {
    ...others,
    open: async (ref, asRole) => (isInstance(ref) ? open(ref) : others.open(ref, asRole)),
    sandbox: async (ref) => (isInstance(ref) ? null : others.sandbox(ref)),
    has: async (ref) => isInstance(ref) || others.has(ref),
    markUsed: async (ref, context) =>
      isInstance(ref) ? markInstance(await open(ref), context) : others.markUsed(ref, context),
    drop: async (ref) => {
      if (!isInstance(ref)) await others.drop(ref)
    },
  }
}

/** A large object outlives a restart of the instance, and no later snapshot of the target has it. */
const MARK = 'cutter: used by a rehearsal'

const wasUsed = async (sql: Sql): Promise<boolean> => {
  const { rows } = await sql.query(
    `select from pg_catalog.pg_description where classoid = 'pg_catalog.pg_largeobject'::regclass and description = $1`,
    [MARK],
  )
  return rows.length > 0
}

/** Marks an instance before something is rehearsed on it. Returns whether it was marked before. */
async function markInstance(instance: MigrationDatabase, context: TargetCaller): Promise<boolean> {
  const limits = { lockTimeoutMs: 5_000, statementTimeoutMs: 60_000 }
  return instance.transaction(context, limits, async (sql) => {
    if (await wasUsed(sql)) return true
    const { rows } = await sql.query<{ id: string }>('select pg_catalog.lo_create(0)::text as id')
    await sql.query(`comment on large object ${rows[0]!.id} is '${MARK}'`)
    return false
  })
}
