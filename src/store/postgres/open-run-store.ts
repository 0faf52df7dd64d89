import type { Clock } from '../../domain/clock.ts'
import type { EffectRow } from '../../domain/effect.ts'
import type { HoldInForce } from '../../domain/hold.ts'
import type { BatchingStore, ExecutionSwitch, Lease, MachineModuleLocation, PrunedRun } from '../run-store.ts'
import { ownerText } from '../sqlite/pack-steps.ts'
import {
  readApprovalRow,
  readCloseoutSignatureRow,
  readEffectRow,
  readSwitchRow,
  readTimerRow,
  readTokenRow,
} from '../sqlite/row-mapping.ts'
import { type Connections, openConnections, type Query } from './connections.ts'
import { likeText } from './ids-like.ts'
import { createRunLister } from './list-runs.ts'
import { messageMethods } from './message-methods.ts'
import { type OpenOptions, prepareDatabase } from './open-database.ts'
import { pruneRun } from './prune-run.ts'
import { readFigures } from './read-figures.ts'
import { runMethods } from './run-methods.ts'
import { runStatements, type Sql } from './run-statement.ts'
import { createStepSaver } from './save-step.ts'
import { createServerClock } from './server-clock.ts'
import { setSwitch } from './single-writes.ts'
import { toStoreError } from './store-errors.ts'
import { watchVersion } from './watch-version.ts'

/** Rejects with the CutterError that names what the server reports. */
type Guard = <T>(work: () => Promise<T>) => Promise<T>

/** The entries whose runs are looked for whenever runs are listed. */
const NEWEST_ENTRIES = 1_000

/**
 * The PostgreSQL driver of RunStore: one database that services on several hosts share. Nothing is opened before it is used.
 *
 * @throws by each method: STORE_UNWRITABLE, STORE_NEWER or CONFIG_INVALID when the database can't be used
 */
export function openRunStore(options: OpenOptions): BatchingStore & { clock: Clock } {
  const clock = createServerClock()
  const sessions = openConnections(options.connect, clock)
  let prepared: Promise<void> | null = null
  const prepare = () => {
    prepared ??= prepareDatabase(options).catch((error) => {
      prepared = null
      throw error
    })
    return prepared
  }
  const connections: Connections = {
    ...sessions,
    query: async (text, values) => {
      await prepare()
      return sessions.query(text, values)
    },
    reading: async (work) => {
      await prepare()
      return sessions.reading(work)
    },
    transaction: async (work, how) => {
      await prepare()
      try {
        return await sessions.transaction(work, how)
      } finally {
        version.forget()
      }
    },
  }
  const sql = runStatements(connections.query)
  const version = watchVersion(async () => (await sql.get('version'))!.version as string)
  const guard: Guard = async (work) => {
    try {
      return await work()
    } catch (error) {
      throw toStoreError(error)
    }
  }
  const saver = createStepSaver(connections, sql)
  const lister = createRunLister(sql)
  return {
    clock,
    create: (step, lease) => saver.save({ step, lease }),
    advance: (step, lease, how) => saver.save({ step, lease, ...how }),
    saveAll: saver.saveAll,
    recordHold: async (holdEntry, messages = []) => void (await saver.write({ holdEntry, messages })),
    saveApproval: async (approval) => void (await saver.write({ approval })),
    saveCloseoutSignature: async (closeoutSignature) => void (await saver.write({ closeoutSignature })),
    rememberModule: (machineModule, { moved }) => saver.write({ machineModule, moved }),
    ...runMethods(connections, sql, guard),
    list: (filter) => guard(() => lister.list(filter)),
    listWaiting: (filter) => guard(() => lister.listWaiting(filter)),
    count: (filter) => guard(() => lister.count(filter)),
    ...effectMethods(connections, sql, guard),
    ...approvalMethods(sql, guard),
    ...instanceMethods(connections, sql, guard),
    ...tokenMethods(connections, sql, guard),
    ...messageMethods(connections, sql, guard),
    prune: (pruned) => guard(() => pruneRun(connections, pruned)),
    prunedLike: (text) =>
      guard(async () => (await sql.all('prunedLike', likeText(text))) as unknown as PrunedRun[]),
    figures: () => guard(() => readFigures(sql)),
    version: () => guard(version.read),
    historiesWithoutRun: ({ all }) =>
      guard(async () => {
        const rows = all
          ? await sql.all('historiesWithoutRun')
          : await sql.all('newestHistoriesWithoutRun', { limit: NEWEST_ENTRIES })
        return rows.map((row) => row.run_id as string)
      }),
    // Damaged pages are the server's own to find: its checksums, and pg_amcheck.
    check: () => guard(async () => void (await sql.get('newestPlace'))).then(() => []),
    close: sessions.close,
  }
}

type EffectMethods = Pick<BatchingStore, 'effects' | 'claim' | 'release' | 'renew' | 'timers'>

function effectMethods({ transaction }: Connections, sql: Sql, guard: Guard): EffectMethods {
  const write = <T>(work: (sql: Sql) => Promise<T>) =>
    guard(() => transaction((query: Query) => work(runStatements(query))))
  return {
    effects: (runId) => guard(async () => (await sql.all('effects', { run_id: runId })).map(readEffectRow)),
    claim: (runId, invokeId, from, lease) =>
      write(async (own): Promise<EffectRow | null> => {
        const held = {
          run_id: runId,
          invoke_id: invokeId,
          from: from.owner && ownerText(from.owner),
          from_until: from.leaseUntil,
        }
        const row = await own.get('claim', { ...held, ...leaseRow(lease) })
        return row === null ? null : readEffectRow(row)
      }),
    release: (runId, owner) =>
      write(async (own) => void (await own.run('release', { run_id: runId, owner: ownerText(owner) }))),
    renew: (runId, lease) =>
      write(async (own) => void (await own.run('renew', { run_id: runId, ...leaseRow(lease) }))),
    timers: (runId) => guard(async () => (await sql.all('timers', { run_id: runId })).map(readTimerRow)),
  }
}

type ApprovalMethods = Pick<
  BatchingStore,
  'approval' | 'approvals' | 'approvalsNaming' | 'closeoutSignatures'
>

function approvalMethods(sql: Sql, guard: Guard): ApprovalMethods {
  return {
    approval: (id) =>
      guard(async () => {
        const row = await sql.get('approval', { approval_id: id })
        return row === null ? null : readApprovalRow(row)
      }),
    approvals: (runId) =>
      guard(async () => {
        const rows =
          runId === undefined ? await sql.all('approvals') : await sql.all('approvalsOf', { run_id: runId })
        return rows.map(readApprovalRow)
      }),
    approvalsNaming: (id) =>
      guard(async () => (await sql.all('approvalsNaming', { id })).map(readApprovalRow)),
    closeoutSignatures: (runId) =>
      guard(async () =>
        (await sql.all('closeoutSignatures', { run_id: runId })).map(readCloseoutSignatureRow),
      ),
  }
}

type InstanceMethods = Pick<
  BatchingStore,
  'executionSwitch' | 'setExecutionSwitch' | 'hold' | 'machineModule' | 'machineModules'
>

/** What belongs to the instance, not to a run. */
function instanceMethods(connections: Connections, sql: Sql, guard: Guard): InstanceMethods {
  return {
    executionSwitch: () =>
      guard(async () => {
        const row = await sql.get('executionSwitch')
        return row === null ? null : readSwitchRow(row)
      }),
    setExecutionSwitch: (setting: ExecutionSwitch) => guard(() => setSwitch(connections, setting)),
    hold: () => guard(() => findHold(sql)),
    machineModule: (name) =>
      guard(async () => (await sql.get('machineModule', { name })) as MachineModuleLocation | null),
    machineModules: () =>
      guard(async () => (await sql.all('machineModules')) as unknown as MachineModuleLocation[]),
  }
}

type TokenMethods = Pick<
  BatchingStore,
  'saveToken' | 'tokenByDigest' | 'tokens' | 'tokenUsed' | 'revokeToken'
>

function tokenMethods({ transaction }: Connections, sql: Sql, guard: Guard): TokenMethods {
  const write = (work: (sql: Sql) => Promise<unknown>) =>
    guard(async () => void (await transaction((query) => work(runStatements(query)))))
  return {
    saveToken: (token, digest) => {
      const machines = token.machines === null ? null : JSON.stringify(token.machines)
      return write((own) => own.run('insertToken', { ...token, machines, digest }))
    },
    tokenByDigest: (digest) =>
      guard(async () => {
        const row = await sql.get('tokenByDigest', { digest })
        return row === null ? null : readTokenRow(row)
      }),
    tokens: () => guard(async () => (await sql.all('tokens')).map(readTokenRow)),
    tokenUsed: (tokenId, at) => write((own) => own.run('useToken', { tokenId, at })),
    revokeToken: (tokenId, revocation) => write((own) => own.run('revokeToken', { tokenId, ...revocation })),
  }
}

const leaseRow = ({ owner, until }: Lease) => ({ owner: ownerText(owner), until })

async function findHold(sql: Sql): Promise<HoldInForce | null> {
  const row = await sql.get('hold')
  if (row === null || row.kind === 'off') return null
  const released = (await sql.all('released', { id: row.id })).map(({ run_id }) => run_id as string)
  return { since: row.at as string, reason: row.reason as string, by: row.by as string, released }
}
