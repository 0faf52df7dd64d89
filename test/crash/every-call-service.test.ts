import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type App, openApp } from '../../src/app/open-app.ts'
import { aCutterHome, type CutterHome } from '../support/cli.ts'
import { ALICE, aSigner, enableExecution, LIVE } from '../support/cli-steps.ts'
import { type ServingProgram, serve } from '../support/serving-program.ts'
import { chosenOf, countKinds, MOST, SEED, type Story } from './every-call.ts'
import { type Killer, makeKiller, WHEN } from './kill-at-call.ts'
import { killableMachine } from './killable-machines.ts'
import { storyOfRuns } from './run-story.ts'

/**
 * The service, killed at any call to the system while it works at a live run of an author’s machine, and started again: the run ends as one that
 * nothing disturbed. Commands go through its socket.
 */

/** How many points are tried where CUTTER_CRASH_POINTS does not say. */
const POINTS = 3

let at: CutterHome
let app: App
let story: Story
let close: () => Promise<void>
let killer: Killer | { why: string }

const folder = (piece: string) => at.path(`world-${piece}`)
const units = (piece: string) => `${folder(piece)}/units`

beforeAll(async () => {
  at = aCutterHome(`${LIVE}machines: { killable: ./killable.mjs }\n`)
  at.file('killable.mjs', killableMachine('HALVES', 'ONE_GATE'))
  await enableExecution(at)
  const made = await storyOfRuns({
    name: 'service, live',
    at,
    mode: 'live',
    key: aSigner(at, ALICE, 'cutter.killable.*'),
    startArgs(piece) {
      mkdirSync(folder(piece), { recursive: true })
      return ['killable', '--folder', folder(piece)]
    },
    world: async (piece, run) =>
      existsSync(units(piece)) ? readFileSync(units(piece), 'utf8').replaceAll(run.runId, 'run') : null,
  })
  story = made.story
  close = made.close
  app = await openApp({ home: at.home, env: at.env, interrupt: new AbortController().signal })
  killer = makeKiller(at)
}, 300_000)
afterAll(async () => {
  await app.close()
  await close()
  await at.remove()
})

const isThere = ({ pid }: ServingProgram) => {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

/** Starts a service. Null where it dies before it listens. */
const served = (env: NodeJS.ProcessEnv) => serve(at, [], env).catch(() => null)

/** Completes a piece of work, with another service where the first one dies. Answers whether it died. */
async function perform(piece: string, env: NodeJS.ProcessEnv, where: string): Promise<boolean> {
  let service = await served(env)
  const isFirstGone = () => service === null || !isThere(service)
  let died = false
  for (let command = 0; command < 16; command++) {
    if (!died && isFirstGone()) {
      died = true
      service = await serve(at)
    }
    // A service continues what another one left.
    await expect.poll(() => statusOf(piece), { timeout: 120_000, message: where }).not.toBe('working')
    const args = await story.next(piece)
    if (args === null) break
    const answer = await at.cutter(args)
    // A service that was killed is gone soon after its client learns of it.
    if (answer.code !== 0 && !died)
      await expect.poll(isFirstGone, { timeout: 60_000, message: answer.stderr }).toBe(true)
    else expect(answer.code, `${where}: ${answer.stdout}${answer.stderr}`).toBe(0)
  }
  expect(await story.next(piece), where).toBeNull()
  const ended = service === null ? 'SIGKILL' : await service.end('SIGTERM')
  return died || ended === 'SIGKILL'
}

const statusOf = async (piece: string) => (await app.store.runByKey(`live-${piece}`))?.status ?? null

test('the service, killed at calls to the system and started again, leaves what an undisturbed one leaves', {
  timeout: 7_200_000,
}, async ({ skip }) => {
  if ('why' in killer) return skip(killer.why)
  // The first piece of a home makes what later ones find.
  await perform('first', {}, 'the first piece')
  expect(await perform('undisturbed', killer.recording(), 'the undisturbed piece')).toBe(false)
  const undisturbed = await story.result('undisturbed')
  const all = killer.recorded().flatMap((call) => WHEN.map((when) => ({ when, ...call })))
  const points = MOST === 'all' ? all : chosenOf(all, Number(MOST ?? POINTS))
  console.log(`service: ${all.length} points (${countKinds(all)}); seed ${SEED} takes ${points.length}`)
  let died = 0
  for (const [index, { number, when, kind }] of points.entries()) {
    const where = `${when} call ${number} (${kind}); CUTTER_CRASH_SEED=${SEED}`
    if (await perform(`piece-${index}`, killer.killing(number, when), where)) died++
    expect(await story.result(`piece-${index}`), where).toEqual(undisturbed)
  }
  console.log(
    `service: ${points.length} kill points tried (${countKinds(points)}), ${died} services killed, all survived`,
  )
  // Timers and threads make that a service may have fewer calls than the undisturbed one.
  expect(died).toBeGreaterThanOrEqual(points.length / 2)
})
