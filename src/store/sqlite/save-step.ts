import type { Database } from 'better-sqlite3'
import type { EffectRow } from '../../domain/effect.ts'
import { CutterError } from '../../domain/errors.ts'
import type { Run } from '../../domain/run.ts'
import type { Step } from '../../domain/step.ts'
import type { Lease, SaveRequest } from '../run-store.ts'
import { createStepExecutor, type StepOutcome } from './execute-statements.ts'
import { type OpenOptions, toStoreError } from './open-database.ts'
import { packSteps } from './pack-steps.ts'
import { claimedEffects } from './row-mapping.ts'
import type { Statements } from './statements.ts'
import { openWriterClient, type WriterClient } from './writer-client.ts'

/** From how many steps on a batch is handed to the thread. */
const WORTH_A_THREAD = 16

/** Saves steps, one at once or many in one transaction; of many each is refused alone. */
export interface StepSaver {
  save(step: Step, lease: Lease): EffectRow[]
  saveAll(requests: SaveRequest[]): Promise<PromiseSettledResult<EffectRow[]>[]>
  close(): Promise<void>
}

export function createStepSaver(db: Database, sql: Statements, { file, ...options }: OpenOptions): StepSaver {
  const perform = createStepExecutor(db, sql)
  let writer: WriterClient | null = null

  /** Large batches go to a thread of their own once it is there. */
  async function performed(requests: SaveRequest[]): Promise<StepOutcome[]> {
    const { writerThread } = options
    const rows = packSteps(requests)
    if (writerThread !== undefined && requests.length >= WORTH_A_THREAD) {
      writer ??= openWriterClient({ file, ...options }, writerThread)
      const outcomes = writer.save(rows)
      if (outcomes !== null) return outcomes.catch((cause) => threadLost(file, cause))
    }
    const outcomes = perform(rows)
    // Runs that only ever wait for each other must not keep the process from hearing of anything else.
    await new Promise((resolve) => setImmediate(resolve))
    return outcomes
  }
  function answer({ step, lease }: SaveRequest, outcome: StepOutcome): EffectRow[] {
    if (outcome === null) return claimedEffects(step, lease.owner, lease.until)
    if ('code' in outcome)
      throw toStoreError(Object.assign(new Error(outcome.message), { code: outcome.code }), file)
    if (outcome.must === 'find-nothing') throw keyReused(step.run, sql)
    throw conflict(step.run, outcome.refusal)
  }
  return {
    save: (step, lease) => answer({ step, lease }, perform(packSteps([{ step, lease }]))[0]!),
    async saveAll(requests) {
      const outcomes = await performed(requests)
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

function threadLost(file: string, cause: Error): never {
  const message = `${cause.message}; the steps that it was given are each in ${file}, whole, or not at all`
  throw new CutterError('STORE_UNWRITABLE', message, { next: 'cutter run list', cause })
}

function keyReused({ startKey }: Run, sql: Statements): CutterError {
  const { run_id, bundle_digest } = sql.runOfKey.get(startKey)!
  const belongs = `the key ${startKey} belongs to run ${run_id}`
  if (bundle_digest === null)
    return new CutterError('KEY_REUSED', belongs, { next: `cutter run show ${run_id}` })
  return new CutterError('KEY_REUSED', `${belongs}, which was pruned; nothing was started`, {
    next: `read its bundle, ${bundle_digest}, or use another key`,
    data: { pruned: true },
  })
}

function conflict({ runId }: Run, why: string | null): CutterError {
  return new CutterError('STORE_CONFLICT', `run ${runId} was not changed: ${why}`, {
    next: `cutter run show ${runId}`,
  })
}
