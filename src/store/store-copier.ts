import type { CloseoutSignature } from '../domain/closeout-signature.ts'
import { digestOf, digestOfBytes } from '../domain/json.ts'
import type { RunStore, StoredRun } from './run-store.ts'
import type { Row } from './sqlite/row.ts'

/** Everything of one run that another store needs to have it as it is. */
export interface CopiedRun extends StoredRun {
  closeoutSignatures: CloseoutSignature[]
}

/**
 * The tables that belong to no single run, in the order in which they are saved, with the columns that both drivers have. `key`: by which a row is there
 * once; where there is none, the order of the rows counts, and the last one decides.
 */
export const SHARED_TABLES = {
  pruned_runs: {
    columns: [
      ...['run_id', 'machine', 'mode', 'outcome', 'start_key', 'seq', 'head', 'closed_at', 'pruned_at', 'by'],
      'bundle_digest',
    ],
    order: 'run_id',
    isKeyed: true,
  },
  machine_modules: { columns: ['name', 'path', 'started_at'], order: 'name', isKeyed: true },
  tokens: {
    columns: [
      ...[
        'token_id',
        'digest',
        'name',
        'role',
        'machines',
        'run_id',
        'created_at',
        'created_by',
        'expires_at',
      ],
      ...['revoked_at', 'revoked_by', 'last_used_at'],
    ],
    order: 'created_at, token_id',
    isKeyed: true,
  },
  execution_switch: { columns: ['enabled', 'until', 'reason', 'by', 'at'], order: 'id', isKeyed: false },
  holds: { columns: ['kind', 'run_id', 'reason', 'by', 'at'], order: 'id', isKeyed: false },
  outbox: {
    columns: [
      ...[
        'message_id',
        'receiver',
        'kind',
        'run_id',
        'seq',
        'at',
        'facts',
        'attempts',
        'tried_at',
        'next_at',
        'outcome',
      ],
      'error',
    ],
    order: 'id',
    isKeyed: true,
  },
} as const
export type SharedTable = keyof typeof SHARED_TABLES

/** Answers the id and the mark of each run. `schema`: before the names of tables. */
export const marksOf = (schema: '' | 'cutter_store.'): string => `
  select run_id, head
    || ' ' || (select count(*) from ${schema}approvals given where given.run_id = runs.run_id)
    || ' ' || (select count(*) from ${schema}closeout_signatures given where given.run_id = runs.run_id) as mark
  from ${schema}runs order by started_at, run_id`

/** Reads and writes the rows of a store as they are, to move them to another driver. Each driver has one. */
export interface StoreCopier {
  /**
   * By the run’s id, in the order in which the runs were started: its newest entry, and how many approvals and signatures of its closeout it has.
   * Whatever happens to a run changes one of them.
   */
  marks(): Promise<Map<string, string>>
  /** Ids of runs with a claim that binds owners on other hosts at a time (ISO 8601), with its end. */
  claimedRuns(at: string): Promise<{ runId: string; until: string }[]>
  /** Saves a run that the store lacks, or of which it has the beginning. A crash leaves a run that another call completes. */
  saveRun(run: CopiedRun): Promise<void>
  rows(table: SharedTable): Promise<Row[]>
  /** Appends rows. One whose key is there changes nothing. */
  saveRows(table: SharedTable, rows: Row[]): Promise<void>
  close(): Promise<void>
}

/**
 * Everything that a store has of a run.
 * @throws STORE_TAMPERED
 */
export async function readCopiedRun(store: RunStore, runId: string): Promise<CopiedRun | null> {
  const stored = await store.storedRun(runId)
  if (stored === null) return null
  return { ...stored, closeoutSignatures: await store.closeoutSignatures(runId) }
}

/** The digest of all that a store has of a run: two stores that have the same run have the same digest. */
export function digestOfCopy({ contents, ...run }: CopiedRun): string {
  const digests = [...contents].map(([digest, bytes]) => [digest, digestOfBytes(bytes)]).sort()
  return digestOf({ ...run, contents: digests })
}

/** Since when a run waits for people (ISO 8601): the entry with which it came to its gate, or stopped. Null for a run that waits for nobody. */
export function waitsSince({ run, history }: Pick<CopiedRun, 'run' | 'history'>): string | null {
  const { status, gateSeq, snapshotDigest } = run
  if (status !== 'paused' && status !== 'stopped') return null
  const isSame = (entry: CopiedRun['history'][number]) =>
    entry.status === status &&
    (status === 'paused' ? entry.seq >= (gateSeq ?? 0) : entry.snapshotDigest === snapshotDigest)
  const before = history.findLastIndex((entry) => !isSame(entry))
  return history[before + 1]?.at ?? run.updatedAt
}
