import { setTimeout as sleep } from 'node:timers/promises'
import { signWithEd25519 } from '../../src/approvals/openssh/ed25519-key.ts'
import { PEOPLE, type SoakHome } from './soak-home.ts'

/** Those who work with a service that has faults: operators who start and continue runs, and people who approve. */

interface Shown {
  runId: string
  status: string
  gate: string | null
  outcome: string | null
  stopCode: string | null
}

export interface Work {
  /** What was acknowledged: the ids of started runs by their key, and of approvals by their run. */
  started: Map<string, string>
  approved: Map<string, string>
  /** The outcome of each closed run. */
  closed: Map<string, string>
  /** Answers that were no success, by code. */
  refused: Map<string, number>
  /** Stops that operators continued, by code. */
  stopped: Map<string, number>
  /** Starts no more runs, and resolves once all are closed, or throws after the time. */
  finish(withinMs: number): Promise<void>
}

const count = (counts: Map<string, number>, what: string) =>
  void counts.set(what, (counts.get(what) ?? 0) + 1)

/** Lets so many operators work, each at one run at a time, and the people of PEOPLE approve. */
export function startWork(home: SoakHome, width: number): Work {
  const work: Work = {
    started: new Map(),
    approved: new Map(),
    closed: new Map(),
    refused: new Map(),
    stopped: new Map(),
    finish,
  }
  let ends = false
  let over = false

  async function ask<Answer>(path: string, body?: object, timeout = 30_000): Promise<Answer | null> {
    const headers = { authorization: `Bearer ${home.token}`, 'content-type': 'application/json' }
    try {
      const answer = await fetch(home.service.url + path, {
        ...(body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }),
        headers,
        signal: AbortSignal.timeout(timeout),
      })
      const text = await answer.text()
      if (answer.ok)
        return (answer.headers.get('content-type')?.includes('json') ? JSON.parse(text) : text) as Answer
      count(work.refused, `${answer.status} ${(JSON.parse(text) as { code?: string }).code}`)
    } catch (error) {
      count(work.refused, nameOf(error))
    }
    await sleep(300)
    return null
  }

  async function operate(operator: number): Promise<void> {
    for (let turn = 0; !ends; turn++) {
      const key = `soak-${operator}-${turn}`
      const body = { machine: 'ledger', mode: 'live', key, input: { id: key } }
      let run: Shown | null = null
      // The same key always means the same run, so a start that was not answered is asked again.
      while (run === null && !over) run = await ask<Shown>('/api/v1/runs?wait=20', body)
      if (run === null) return
      work.started.set(key, run.runId)
      await followToEnd(run.runId)
    }
  }

  async function followToEnd(runId: string): Promise<void> {
    while (!over) {
      const run = await ask<Shown>(`/api/v1/runs/${runId}/wait?for=closed&timeout=10`)
      if (run?.status === 'closed') {
        work.closed.set(runId, run.outcome ?? 'none')
        return
      }
      if (run?.status === 'stopped') {
        count(work.stopped, run.stopCode ?? 'none')
        await ask(`/api/v1/runs/${runId}/resume?wait=20`, {})
      }
      if (run?.status === 'paused' && work.approved.has(runId)) await applyAgain(runId)
    }
  }

  /** An approval was acknowledged, and its run still waits: its recheck failed while something was away. */
  async function applyAgain(runId: string): Promise<void> {
    const approval = work.approved.get(runId)!
    if ((await ask(`/api/v1/runs/${runId}/resume?wait=20`, { approval })) === null)
      work.approved.delete(runId)
  }

  /** A person reads what waits, signs, and brings the signature, until it was acknowledged. */
  async function approve(person: number): Promise<void> {
    const { as, key } = PEOPLE[person]!
    while (!over) {
      const waiting = await ask<Shown[]>('/api/v1/runs?status=paused&gate=SG1&limit=100')
      const own = (waiting ?? []).filter(
        ({ runId }, index) => index % PEOPLE.length === person && !work.approved.has(runId),
      )
      for (const { runId } of own) {
        const text = await ask<string>(`/api/v1/runs/${runId}/statement`, { as, reason: 'read and agreed' })
        if (text === null) continue
        const statement = typeof text === 'string' ? text : JSON.stringify(text)
        const signature = signWithEd25519(key, 'cutter.ledger.SG1', statement)
        const made = await ask<{ approvalId: string }>('/api/v1/approvals', { statement, signature })
        if (made !== null) work.approved.set(runId, made.approvalId)
      }
      if (own.length === 0) await sleep(200)
    }
  }

  const operators = Array.from({ length: width }, (_, operator) => operate(operator))
  const people = PEOPLE.map((_, person) => approve(person))

  async function finish(withinMs: number): Promise<void> {
    ends = true
    const late = setTimeout(() => (over = true), withinMs)
    await Promise.all(operators)
    clearTimeout(late)
    over = true
    await Promise.all(people)
  }
  return work
}

function nameOf(error: unknown): string {
  const { name, cause } = error as Error & { cause?: { code?: string } }
  return cause?.code ?? name
}
