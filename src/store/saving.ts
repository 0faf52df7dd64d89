import type { Database } from 'better-sqlite3'
import type { EffectRow } from '../domain/effect.ts'
import { CutterError } from '../domain/errors.ts'
import type { Run } from '../domain/run.ts'
import type { Step } from '../domain/step.ts'
import type { Lease, SaveRequest } from '../domain/store.ts'
import { asStoreError, type OpenOptions } from './open.ts'
import { type Outcome, performer } from './perform.ts'
import { claimed } from './rows.ts'
import type { Statements } from './statements.ts'
import { type StepRow, stepRow } from './step-row.ts'
import { openWriter, type Writer } from './writer.ts'

/** From how many steps on a batch is handed to the thread. */
const WORTH_A_THREAD = 16

/** Saves steps, one at once or many in one transaction; of many each is refused alone. */
export interface Saving {
  save(step: Step, lease: Lease): EffectRow[]
  saveAll(requests: SaveRequest[]): Promise<PromiseSettledResult<EffectRow[]>[]>
  close(): Promise<void>
}

export function savingTo(db: Database, sql: Statements, { file, ...options }: OpenOptions): Saving {
  const perform = performer(db, sql)
  let writer: Writer | null = null

  /** Large batches go to a thread of their own once it is there. */
  async function performed(rows: StepRow[]): Promise<Outcome[]> {
    const { writerThread } = options
    if (writerThread === undefined || rows.length < WORTH_A_THREAD) return perform(rows)
    writer ??= openWriter({ file, ...options }, writerThread)
    return (await writer.save(rows)) ?? perform(rows)
  }
  function answer({ step, lease }: SaveRequest, outcome: Outcome): EffectRow[] {
    if (outcome === null) return claimed(step, lease.owner, lease.until)
    if ('code' in outcome)
      throw asStoreError(Object.assign(new Error(outcome.message), { code: outcome.code }), file)
    if (outcome.must === 'find-nothing') throw keyReused(step.run, sql)
    throw conflict(step.run, outcome.refusal)
  }
  return {
    save: (step, lease) => answer({ step, lease }, perform([stepRow(step, lease)])[0]!),
    async saveAll(requests) {
      const outcomes = await performed(requests.map(({ step, lease }) => stepRow(step, lease)))
      return requests.map((request, index) => settled(() => answer(request, outcomes[index]!)))
    },
    async close() {
      await writer?.close()
    },
  }
}

function settled<T>(work: () => T): PromiseSettledResult<T> {
  try {
    return { status: 'fulfilled', value: work() }
  } catch (reason) {
    return { status: 'rejected', reason }
  }
}

function keyReused({ startKey }: Run, sql: Statements): CutterError {
  const holder = sql.runOfKey.get(startKey)?.run_id
  return new CutterError('KEY_REUSED', `the key ${startKey} belongs to run ${holder}`, {
    next: `cutter run show ${holder}`,
  })
}

function conflict({ runId }: Run, why: string | null): CutterError {
  return new CutterError('STORE_CONFLICT', `run ${runId} was not changed: ${why}`, {
    next: `cutter run show ${runId}`,
  })
}
