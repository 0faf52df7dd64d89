import type { EffectRow } from '../../domain/effect.ts'
import { CutterError } from '../../domain/errors.ts'
import type { Run } from '../../domain/run.ts'
import type { Step } from '../../domain/step.ts'
import type { SingleWrite, StepRequest } from '../run-store.ts'
import { claimedEffects } from '../sqlite/row-mapping.ts'
import type { Connections, Query } from './connections.ts'
import { furtherStatements, isSmall } from './further-statements.ts'
import { groupStatements, MOST_STEPS } from './group-statement.ts'
import type { Sql } from './run-statement.ts'
import { writeSingle } from './single-writes.ts'
import { statementOf } from './statements.ts'
import { KEY_REUSED, stepStatements } from './step-statements.ts'
import { isRefusedValue, toStoreError } from './store-errors.ts'

type Answer = EffectRow[] | boolean
type Settled = PromiseSettledResult<Answer>

/** Saves one step in a transaction of its own, or many together; each of many is refused on its own. */
export interface StepSaver {
  save(request: StepRequest): Promise<EffectRow[]>
  /** Whether the write changed anything. */
  write(write: SingleWrite): Promise<boolean>
  /** Answers in the order of the requests. */
  saveAll(requests: (StepRequest | SingleWrite)[]): Promise<Settled[]>
}

/**
 * Creates the saver of steps of a store.
 * @throws STORE_CONFLICT when another process moved the run or holds its effect, KEY_REUSED when the start key belongs to another run, and the
 * errors of `toStoreError`
 */
export function createStepSaver(connections: Connections, sql: Sql): StepSaver {
  async function saveAlone(request: StepRequest): Promise<EffectRow[]> {
    const { step, lease, mayBeLost = false } = request
    try {
      await connections.transaction((query) => saveStep(query, request), {
        mayBeLost,
        isSaved: hasStep(step),
      })
      return claimedEffects(step, lease.owner, lease.until)
    } catch (error) {
      if (!(error instanceof StepRefused)) throw toStoreError(error)
      throw error.message === KEY_REUSED
        ? await keyReusedError(step.run, sql)
        : conflictError(step.run, error.message)
    }
  }
  /** The ids of the runs whose steps were saved; the others are as they were. */
  const saveTogether = (requests: StepRequest[]) =>
    connections.transaction(
      async (query) => {
        const moved = new Set<string>()
        for (const { text, values } of groupStatements(requests)) {
          const { rows } = await query(text, values)
          for (const { run_id } of rows) moved.add(run_id as string)
        }
        const saved = requests.filter(({ step }) => moved.has(step.run.runId))
        for (const { text, values } of furtherStatements(saved)) await query(text, values)
        return moved
      },
      {
        mayBeLost: requests.every(({ mayBeLost }) => mayBeLost === true),
        isSaved: hasAnyStep(requests),
      },
    )
  /** Steps of different runs. One that was refused is repeated alone, which finds out why, and so is each where the server refused a value. */
  async function saveGroup(requests: StepRequest[]): Promise<Settled[]> {
    const none = new Set<string>()
    try {
      const moved = await saveTogether(requests).catch((error: unknown) => {
        if (!isRefusedValue(error)) throw toStoreError(error)
        return none
      })
      return await Promise.all(
        requests.map((request) => {
          const { step, lease } = request
          if (!moved.has(step.run.runId)) return settle(saveAlone(request))
          return { status: 'fulfilled' as const, value: claimedEffects(step, lease.owner, lease.until) }
        }),
      )
    } catch (reason) {
      return requests.map(() => ({ status: 'rejected', reason }))
    }
  }
  const save = async (request: StepRequest) => {
    if (!isSmall(request)) return saveAlone(request)
    const [settled] = await saveGroup([request])
    if (settled!.status === 'rejected') throw settled!.reason
    return settled!.value as EffectRow[]
  }
  const write = (single: SingleWrite) => writeSingle(connections, single)
  return {
    save,
    write,
    async saveAll(requests) {
      const answers = new Map<StepRequest | SingleWrite, Settled>()
      const note = async (request: StepRequest | SingleWrite, work: Promise<Answer>) =>
        void answers.set(request, await settle(work))
      const steps = requests.filter((request): request is StepRequest => 'step' in request)
      for (const round of roundsOf(steps)) {
        const small = round.filter(isSmall)
        const others = round.filter((request) => !isSmall(request))
        await Promise.all([
          ...chunksOf(small).map(async (group) => {
            for (const [index, settled] of (await saveGroup(group)).entries())
              answers.set(group[index]!, settled)
          }),
          ...others.map((request) => note(request, saveAlone(request))),
        ])
      }
      for (const request of requests) if (!('step' in request)) await note(request, write(request))
      return requests.map((request) => answers.get(request)!)
    },
  }
}

class StepRefused extends Error {}

/** Finds out whether a step is saved, by its entry, which no other has. */
const hasStep =
  ({ run: { runId }, entry }: Step) =>
  async (query: Query): Promise<boolean> => {
    const { rows } = await query(
      'select from cutter_store.history where run_id = $1 and seq = $2 and hash = $3',
      [runId, entry.seq, entry.hash],
    )
    return rows.length > 0
  }

/** One transaction saves all steps of a batch that are not refused, so the first that is there tells. */
const hasAnyStep = (requests: StepRequest[]) => async (query: Query) => {
  for (const { step } of requests) if (await hasStep(step)(query)) return true
  return false
}

async function saveStep(query: Query, request: StepRequest): Promise<void> {
  for (const { statement, values, refusal } of stepStatements(request)) {
    const { text, bind } = statementOf(statement)
    const { changes } = await query(text, bind(values))
    if (refusal !== null && changes !== 1) throw new StepRefused(refusal)
  }
}

/** Steps in their order, such that no round has two of one run. */
function roundsOf(requests: StepRequest[]): StepRequest[][] {
  const rounds: StepRequest[][] = []
  const count = new Map<string, number>()
  for (const request of requests) {
    const { runId } = request.step.run
    const round = count.get(runId) ?? 0
    count.set(runId, round + 1)
    rounds[round] = [...(rounds[round] ?? []), request]
  }
  return rounds
}

function chunksOf(requests: StepRequest[]): StepRequest[][] {
  const chunks: StepRequest[][] = []
  for (let start = 0; start < requests.length; start += MOST_STEPS)
    chunks.push(requests.slice(start, start + MOST_STEPS))
  return chunks
}

const settle = (work: Promise<Answer>): Promise<Settled> =>
  work.then(
    (value) => ({ status: 'fulfilled', value }),
    (reason: unknown) => ({ status: 'rejected', reason }),
  )

async function keyReusedError({ startKey }: Run, sql: Sql): Promise<CutterError> {
  const row = await sql.get('runOfKey', { start_key: startKey })
  const belongs = `the key ${startKey} belongs to run ${row?.run_id}`
  const bundle = row?.bundle_digest ?? null
  if (bundle === null)
    return new CutterError('KEY_REUSED', belongs, { next: `cutter run show ${row?.run_id}` })
  return new CutterError('KEY_REUSED', `${belongs}, which was pruned; nothing was started`, {
    next: `read its evidence bundle, ${bundle}, or use another key`,
    data: { pruned: true },
  })
}

function conflictError({ runId }: Run, why: string): CutterError {
  return new CutterError('STORE_CONFLICT', `run ${runId} was not changed: ${why}`, {
    next: `cutter run show ${runId}`,
  })
}
