import { setTimeout as sleep } from 'node:timers/promises'
import type { App } from '../app/open-app.ts'
import type { Home, Log } from '../app/open-home.ts'
import { CutterError, type ErrorCode } from '../domain/errors.ts'
import { SERVICE_OPERATOR } from '../domain/history-facts.ts'
import { joinSignals } from '../domain/join-signals.ts'
import { isHeldByOther } from '../engine/lease.ts'
import { loadForResume } from '../engine/load-run.ts'
import { findUsableApproval } from '../engine/usable-approval.ts'

/** What continues runs although nobody asks. */
export interface Worker {
  /** Takes no more work, and waits until what it works at has come to rest. */
  close(): Promise<void>
  /** How many runs it works on at this moment. */
  count(): number
}

/** How often everything is looked through although nothing was saved, in milliseconds. */
const LOOK_MS = 1_000
/** How often all unused approvals are judged again: a file of approvers may have changed. In milliseconds. */
const JUDGE_AGAIN_MS = 5_000
/** Runs that come to rest within this time are reported together, in milliseconds. */
const TOGETHER_MS = 200
/** The first and the longest pause after a run could not be continued, in milliseconds. */
const PAUSES_MS = { first: 1_000, longest: 60_000 }

interface Work {
  home: Home
  /** Aborts when it takes no more work. */
  end: AbortSignal
  app: App
  log: Log
  /** The runs at which it works. */
  atWork: Set<string>
  pauses: Map<string, { until: number; ms: number }>
  /** Approvals that were tried. What refused them is recorded, so they are not tried twice. */
  tried: Set<string>
}

/**
 * Starts the worker of a service: it continues runs that were interrupted, closes gates whose time is over, and, with `approvals.resume:
 * automatic` in cutter.yaml, applies approvals that count. It does what `run resume` does, by the same engine.
 */
export async function startWorker(home: Home, log: Log): Promise<Worker> {
  const app = await home.app()
  const closing = new AbortController()
  const { signal: end } = joinSignals([home.interrupt, closing.signal])
  const work: Work = {
    home,
    end,
    app,
    log,
    atWork: new Set(),
    pauses: new Map(),
    tried: new Set(),
  }
  const ended = Promise.all([lookAround(work), keepReports(work)])
  return {
    async close() {
      closing.abort()
      await ended
    },
    count: () => work.atWork.size,
  }
}

/** Writes the reports of the runs that came to rest, one after another. */
async function keepReports({ home, app, end }: Work): Promise<void> {
  while (!end.aborted) {
    const seen = home.changes().count()
    await app.writeReports()
    await home.changes().after(seen, LOOK_MS, end)
    await sleep(TOGETHER_MS, undefined, { signal: end }).catch(() => {})
  }
}

async function lookAround(work: Work): Promise<void> {
  const { home, end } = work
  let place = 0
  let looked = 0
  let judged = 0
  let rules = ''
  while (!end.aborted) {
    const seen = home.changes().count()
    const now = Date.now()
    try {
      const isAutomatic = (await home.config()).approvals.resume === 'automatic'
      if (isAutomatic) {
        if (now - judged >= JUDGE_AGAIN_MS) place = 0
        if (place === 0) judged = now
        place = await continueApproved(work, place)
      }
      if (now - looked >= LOOK_MS) {
        looked = now
        const held = JSON.stringify([await home.store.hold(), await home.store.executionSwitch()])
        if (held !== rules) work.pauses.clear()
        rules = held
        await continueInterrupted(work)
        await closeDueGates(work)
      }
    } catch (err) {
      work.log.warn({ err }, 'the worker could not look for work')
      // As long as cutter.yaml can’t be used, each change of the store would say so again.
      await sleep(LOOK_MS, undefined, { signal: end }).catch(() => {})
    }
    await home.changes().after(seen, LOOK_MS, end)
  }
  while (work.atWork.size > 0) await sleep(20)
}

/** Runs whose process has ended, or whose work was interrupted. */
async function continueInterrupted(work: Work): Promise<void> {
  const { home, app } = work
  for (const runId of await home.store.workingRuns()) {
    if (isBusy(work, runId) || (await isHeldByOther(app.deps, runId))) continue
    perform(work, runId, () => resume(work, runId))
  }
}

async function closeDueGates(work: Work): Promise<void> {
  const at = work.app.deps.clock.now().toISOString()
  for (const runId of await work.home.store.dueGates(at)) {
    if (isBusy(work, runId)) continue
    perform(work, runId, () => resume(work, runId))
  }
}

/** Applies the approvals that came after a place, where they count. Returns the newest place. */
async function continueApproved(work: Work, place: number): Promise<number> {
  const { app, home, tried } = work
  const unused = await home.store.unusedApprovals(place)
  for (const runId of new Set(unused.map((approval) => approval.runId))) {
    if (isBusy(work, runId)) continue
    perform(work, runId, async () => {
      await app.followRules()
      const loaded = await loadForResume(app.deps, runId)
      const usable = await findUsableApproval(app.deps, loaded, SERVICE_OPERATOR, tried)
      if (usable === null) return
      const { approvalId } = usable
      await engineOf(app)
        .resume(loaded, usable)
        .catch((error: unknown) => {
          if (error instanceof CutterError && RECORDED.includes(error.code)) tried.add(approvalId)
          throw error
        })
    })
  }
  return unused.at(-1)?.place ?? place
}

/** What the history records when it refuses an approval. */
const RECORDED: ErrorCode[] = ['APPROVAL_REFUSED', 'FILES_UNSAFE']

async function resume({ app }: Work, runId: string): Promise<void> {
  await app.followRules()
  await engineOf(app).resume(runId, {})
}

/** Taken where it is used, because it goes by the rules of that moment. */
const engineOf = ({ engine }: App) => engine.withDeps({ tokenName: SERVICE_OPERATOR })

function perform(work: Work, runId: string, task: () => Promise<void>): void {
  const { atWork, pauses, log, end } = work
  if (atWork.has(runId)) return
  atWork.add(runId)
  task()
    .then(
      () => pauses.delete(runId),
      (err: unknown) => {
        if (end.aborted) return
        const ms = Math.min((pauses.get(runId)?.ms ?? PAUSES_MS.first / 2) * 2, PAUSES_MS.longest)
        pauses.set(runId, { ms, until: Date.now() + ms })
        const isRefused = err instanceof CutterError && err.code !== 'INTERNAL'
        log[isRefused ? 'info' : 'warn']({ err, runId }, 'the worker could not continue a run')
      },
    )
    .finally(() => atWork.delete(runId))
}

const isBusy = ({ app, pauses }: Work, runId: string) =>
  app.engine.isAtWork(runId) || (pauses.get(runId)?.until ?? 0) > Date.now()
