import pg from 'pg'
import { migrationsDirectory } from '../../src/app/package-paths.ts'
import type { Run } from '../../src/domain/run.ts'
import type { Step } from '../../src/domain/step.ts'
import { groupStatements } from '../../src/store/postgres/group-statement.ts'
import { openRunStore } from '../../src/store/postgres/open-run-store.ts'
import { anEffect, firstStep, mine, stepAfter } from '../store/step-fixture.ts'
import { median } from './cold.ts'
import { startServer } from './server.ts'

/**
 * Steps that are saved in groups in PostgreSQL, compared with the same rows written into the same tables grouped and unguarded: nothing is locked,
 * compared or answered. Each step moves its run, ends an effect and asks for the next one.
 */
export interface GroupedRound {
  sessions: number
  steps: number
  perSecond: number
  unguarded: number
  /** First steps of new runs, and steps with evidence, a timer and a message, each a second. */
  starts: number
  full: number
}

const RUNS = 2_048
const GUARDS =
  /locked as[\s\S]*?(?=moved as)|join locked l[\s\S]*?(?=\n {2}where r\.run_id)|(?<=where r\.run_id = g\.run_id) and r\.seq[\s\S]*?(?=\n {2}returning)/g
const SERVICE = 'service'

/** Measures groups of 32 and 128 steps on one session and on four, each `rounds` times in turns, of which the medians are taken. */
export async function measureGrouped(folder: string, rounds: number): Promise<GroupedRound[]> {
  const { server, port } = await startServer(folder)
  try {
    const connecting = (user: string, database: string) => async () => {
      const client = new pg.Client({ host: '127.0.0.1', port, user, password: 'bench', database })
      client.on('error', () => undefined)
      await client.connect()
      return client
    }
    await server.createDatabase('store')
    const admin = await connecting('postgres', 'store')()
    await admin.query(`create role ${SERVICE} login password 'bench'`)
    const store = openRunStore({
      connect: connecting(SERVICE, 'store'),
      connectOwner: connecting('postgres', 'store'),
      migrationsDirectory: migrationsDirectory('store/postgres'),
    })
    const raw = await Promise.all(Array.from({ length: 4 }, connecting(SERVICE, 'store')))
    const figures: GroupedRound[] = []
    try {
      let runs: Run[] = []
      const save = async (steps: Step[]) => {
        for (const answer of await store.saveAll(steps.map((step) => ({ step, lease: mine }))))
          if (answer.status === 'rejected') throw answer.reason
      }
      const starting = await perSecond(1, 128, async () => {
        const steps = Array.from({ length: 128 }, () => firstStep())
        await save(steps)
        runs.push(...steps.map(({ run }) => run))
      })
      while (runs.length < RUNS) {
        const steps = Array.from({ length: 128 }, () => firstStep())
        await save(steps)
        runs.push(...steps.map(({ run }) => run))
      }
      runs = runs.slice(0, RUNS)
      await admin.query('vacuum analyze')
      /** The next steps of some runs of one session. Saved by `by`, they are the newest ones. */
      const moving =
        (
          sessions: number,
          size: number,
          by: (steps: Step[], session: number) => Promise<void>,
          isFull = false,
        ) =>
        async (session: number, nth: number) => {
          const own = RUNS / sessions
          const from = session * own + ((nth * size) % own)
          const steps = runs.slice(from, from + size).map((run) => nextStep(run, isFull))
          await by(steps, session)
          for (const [index, { run }] of steps.entries()) runs[from + index] = run
        }
      const unguarded = async (steps: Step[], session: number) => {
        const [statement] = groupStatements(steps.map((step) => ({ step, lease: mine })))
        await raw[session]!.query(statement!.text.replace(GUARDS, ''), statement!.values)
      }
      const full = await perSecond(1, 128, moving(1, 128, save, true))
      for (const sessions of [1, 4])
        for (const size of [32, 128]) {
          const taken: { ours: number; raw: number }[] = []
          for (let round = 0; round < rounds; round += 1)
            taken.push({
              ours: await perSecond(sessions, size, moving(sessions, size, save)),
              raw: await perSecond(sessions, size, moving(sessions, size, unguarded)),
            })
          figures.push({
            ...{ sessions, steps: size, starts: starting, full },
            perSecond: median(taken.map(({ ours }) => ours)),
            unguarded: median(taken.map((one) => one.raw)),
          })
        }
    } finally {
      await Promise.all([store.close(), admin.end(), ...raw.map((client) => client.end())])
    }
    return figures
  } finally {
    await server.stop()
  }
}

/** Steps a second that `work` saves, which saves `size` at a time, on some sessions at once. */
async function perSecond(
  sessions: number,
  size: number,
  work: (session: number, nth: number) => Promise<void>,
): Promise<number> {
  const begun = performance.now()
  let saved = 0
  await Promise.all(
    Array.from({ length: sessions }, async (_, session) => {
      for (let nth = 0; performance.now() - begun < 1_000; nth += 1) {
        await work(session, nth)
        saved += size
      }
    }),
  )
  return (saved / (performance.now() - begun)) * 1_000
}

/** The effect of the odd entries is another one than that of the even ones. */
const effectOf = (seq: number) => (seq === 1 ? 'source_pin' : `effect-${seq % 2}`)

function nextStep(run: Run, isFull: boolean): Step {
  const seq = run.seq + 1
  const changes = { effectDone: effectOf(run.seq), effectsAsked: [anEffect(effectOf(seq))] }
  if (!isFull) return stepAfter(run, changes)
  const timersAsked = [{ timerId: `t${seq}`, dueAt: run.startedAt, event: { type: 'tick' } }]
  const bytes = Buffer.from(`${run.runId} ${seq} ${'x'.repeat(400)}`)
  const evidence = [{ name: 'e', digest: `${run.runId}-${seq}`, mediaType: 'text/plain', bytes }]
  const of = { runId: run.runId, seq, at: run.startedAt, facts: {} }
  const messages = [{ messageId: `${run.runId}-${seq}`, receiver: 'r', kind: 'stopped', ...of } as never]
  return stepAfter(run, { ...changes, timersAsked, evidence, messages })
}
