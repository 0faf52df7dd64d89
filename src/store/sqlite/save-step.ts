import type { Database } from 'better-sqlite3'
import type { EffectRow } from '../../domain/effect.ts'
import { CutterError } from '../../domain/errors.ts'
import type { Run } from '../../domain/run.ts'
import type { SingleWrite, StepRequest } from '../run-store.ts'
import {
  type BatchOutcomes,
  createExecutor,
  type SingleOutcome,
  type StepOutcome,
} from './execute-statements.ts'
import type { OpenOptions } from './open-database.ts'
import { packSteps } from './pack-steps.ts'
import { claimedEffects } from './row-mapping.ts'
import { singleStatement } from './single-writes.ts'
import type { Statements } from './statements.ts'
import { toStoreError } from './store-errors.ts'
import { openWriterClient, type WriterClient } from './writer-client.ts'

/** From this number of steps on, a thread saves the batch. */
const STEPS_FOR_THREAD = 16

/** Saves one step at once, or many in one transaction; each of many is refused on its own. */
interface StepSaver {
  save(request: StepRequest): EffectRow[]
  /** Saves a write that belongs to no step. */
  write(write: SingleWrite): void
  /** Answers the claimed effects of a step, and whether a single write changed anything. */
  saveAll(requests: (StepRequest | SingleWrite)[]): Promise<PromiseSettledResult<EffectRow[] | boolean>[]>
  close(): Promise<void>
}

/**
 * Creates the saver of steps of an open store. Batches of 16 steps or more go to a thread of their own where `options` names its file; the
 * thread starts with the first such batch.
 * @throws by `save`, and as reasons in the results of `saveAll`: STORE_CONFLICT when another process moved the run or holds its effect,
 * KEY_REUSED when the start key belongs to another run, and the errors of `toStoreError`
 */
export function createStepSaver(db: Database, sql: Statements, { file, ...options }: OpenOptions): StepSaver {
  const execute = createExecutor(db, sql)
  let writer: WriterClient | null = null

  async function executeAll(requests: StepRequest[], writes: SingleWrite[]): Promise<BatchOutcomes> {
    const { writerThread } = options
    const mayBeLost = writes.length === 0 && requests.every((request) => request.mayBeLost === true)
    const batch = { steps: packSteps(requests), singles: writes.map(singleStatement), mayBeLost }
    if (writerThread !== undefined && requests.length >= STEPS_FOR_THREAD) {
      writer ??= openWriterClient({ file, ...options }, writerThread)
      const outcomes = writer.save(batch)
      if (outcomes !== null) return outcomes.catch((cause) => throwThreadLost(file, cause))
    }
    const outcomes = execute(batch)
    // Lets other events of the process through between batches of runs that wait only for each other.
    await new Promise((resolve) => setImmediate(resolve))
    return outcomes
  }
  const failed = ({ code, message }: { code: string; message: string }) =>
    toStoreError(Object.assign(new Error(message), { code }), file)
  function answer({ step, lease }: StepRequest, outcome: StepOutcome): EffectRow[] {
    if (outcome === null) return claimedEffects(step, lease.owner, lease.until)
    if ('code' in outcome) throw failed(outcome)
    if (outcome.must === 'find-nothing') throw keyReusedError(step.run, sql)
    throw conflictError(step.run, outcome.refusal)
  }
  function answerSingle(outcome: SingleOutcome): boolean {
    if (typeof outcome === 'boolean') return outcome
    throw failed(outcome)
  }
  return {
    save(request) {
      const { mayBeLost = false } = request
      return answer(request, execute({ steps: packSteps([request]), singles: [], mayBeLost }).steps[0]!)
    },
    write(write) {
      const { singles } = execute({ steps: [], singles: [singleStatement(write)], mayBeLost: false })
      answerSingle(singles[0]!)
    },
    async saveAll(requests) {
      const steps = requests.filter((request): request is StepRequest => 'step' in request)
      const writes = requests.filter((request): request is SingleWrite => !('step' in request))
      const outcomes = await executeAll(steps, writes)
      const ofSteps = outcomes.steps.values()
      const ofSingles = outcomes.singles.values()
      return requests.map((request) =>
        settle(() =>
          'step' in request ? answer(request, ofSteps.next().value!) : answerSingle(ofSingles.next().value!),
        ),
      )
    },
    async close() {
      await writer?.close()
    },
  }
}

function settle<T>(work: () => T): PromiseSettledResult<T> {
  try {
    return { status: 'fulfilled', value: work() }
  } catch (reason) {
    return { status: 'rejected', reason }
  }
}

function throwThreadLost(file: string, cause: Error): never {
  const message = `${cause.message}; each step that it received is either complete in ${file} or not in it`
  throw new CutterError('STORE_UNWRITABLE', message, { next: 'cutter run list', cause })
}

function keyReusedError({ startKey }: Run, sql: Statements): CutterError {
  const { run_id, bundle_digest } = sql.runOfKey.get(startKey)!
  const belongs = `the key ${startKey} belongs to run ${run_id}`
  if (bundle_digest === null)
    return new CutterError('KEY_REUSED', belongs, { next: `cutter run show ${run_id}` })
  return new CutterError('KEY_REUSED', `${belongs}, which was pruned; nothing was started`, {
    next: `read its evidence bundle, ${bundle_digest}, or use another key`,
    data: { pruned: true },
  })
}

function conflictError({ runId }: Run, why: string | null): CutterError {
  return new CutterError('STORE_CONFLICT', `run ${runId} was not changed: ${why}`, {
    next: `cutter run show ${runId}`,
  })
}
