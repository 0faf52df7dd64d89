import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe } from 'vitest'
import { aCutterHome, type CutterHome } from '../support/cli.ts'
import { ALICE, aSigner, enableExecution, LIVE } from '../support/cli-steps.ts'
import { type Story, testEveryCall } from './every-call.ts'
import { killableMachine } from './killable-machines.ts'
import { storyOfRuns } from './run-story.ts'

/** A machine of an author, killed at any call of any of its commands. */

describe.each(['dry-run', 'live'] as const)('a %s of an author’s machine', (mode) => {
  let at: CutterHome
  let story: Story
  let close: () => Promise<void>
  beforeAll(async () => {
    at = aCutterHome(`${LIVE}machines: { killable: ./killable.mjs }\n`)
    at.file('killable.mjs', killableMachine('HALVES', 'ONE_GATE'))
    await enableExecution(at)
    const key = aSigner(at, ALICE, 'cutter.killable.*')
    const folder = (piece: string) => at.path(`world-${piece}`)
    const made = await storyOfRuns({
      name: `own machine, ${mode}`,
      at,
      mode,
      key,
      startArgs(piece) {
        mkdirSync(folder(piece), { recursive: true })
        return ['killable', '--folder', folder(piece)]
      },
      async world(piece, run) {
        const units = `${folder(piece)}/units`
        const text = existsSync(units) ? readFileSync(units, 'utf8') : ''
        const files = readdirSync(folder(piece)).filter((name) => name !== 'begun' && name !== 'units.new')
        return { files, text: text.replaceAll(run.runId, 'run') }
      },
    })
    story = made.story
    close = made.close
  })
  afterAll(async () => {
    await close()
    await at.remove()
  })
  testEveryCall({
    name: `own machine, ${mode}`,
    at: () => at,
    next: (piece) => story.next(piece),
    result: (piece) => story.result(piece),
  })
})
