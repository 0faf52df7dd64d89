import { mkdirSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { articles, sentences } from '../support/articles.ts'
import { type CutterHome, jsonOf, type RunJson } from '../support/cli.ts'
import { cutInForce, LIVE, resume, start, started } from '../support/cli-steps.ts'
import { aLiveHome } from './live-home.ts'

// Several live runs each: a loaded machine takes over a minute.
vi.setConfig({ testTimeout: 240_000 })

const profile = (heading: string) => `name: house
version: "1"
extends: markdown
description: rules of the house
detect: { when: named }
levels:
  - { name: rule, code: RULE, role: leaf, headings: { la: ["${heading} {n}"] } }
leaves: [rule]
`
const BEFORE = '# Domus\n\n## Regula 1\n\nPrima lex.\n\n## Regula 2\n\nSecunda lex.\n'
const AFTER = BEFORE.replace('Prima lex.', 'Nova lex.')
const GAPS = [
  articles(['1', sentences(1)], ['2', sentences(2)], ['3', sentences(3)]),
  articles(['1', sentences(1)], ['3', sentences(3)]),
]

const CONFIG = `${LIVE}profiles: { house: ./house.yaml }\n`
const registered = (profile: string) =>
  `${CONFIG}documents: { domus: { source: ./laws/domus.md, profile: ${profile} } }\n`

let at: CutterHome
let key: string

/** Cuts a text and brings it into force. */
const cut = (document: string, source: string, ...more: string[]) =>
  cutInForce(at, key, { document, source, more })

beforeAll(async () => {
  ;({ at, key } = await aLiveHome())
  at.file('cutter.yaml', CONFIG)
  at.file('house.yaml', profile('Regula'))
  mkdirSync(at.path('laws'))
  await cut('domus', at.file('domus.md', BEFORE), '--profile', 'house')
  await cut('gap', at.file('gap.md', GAPS[0]!))
  at.file('laws/domus.md', AFTER)
  at.file('laws/gap.md', GAPS[1]!)
}, 240_000)

afterAll(() => at.remove())

const planOf = async (runId: string) => JSON.parse((await at.cutter(['run', 'plan', runId])).stdout)
const recut = () => start(at, { document: 'domus', source: at.path('laws/domus.md') })

test('a re-cut stops when the own profile of the last cut has changed, and continues when it is restored', async () => {
  at.file('house.yaml', profile('Norma'))
  const stopped = jsonOf<RunJson>(await recut())
  expect(stopped.stop).toMatchObject({
    code: 'STOP_REFUSED_INPUT',
    message: expect.stringMatching(
      /^no profile here reads domus as its last cut did: that was house@1\+\w+, and now house has 1\+\w+/,
    ),
    next: expect.stringContaining('--profile <name>'),
  })

  at.file('house.yaml', profile('Regula'))
  const continued = jsonOf<RunJson>(await resume(at, stopped.runId))
  expect(continued).toMatchObject({ status: 'paused' })
  const plan = await planOf(stopped.runId)
  expect(plan).not.toHaveProperty('reading')
  expect(plan.actions).toMatchObject([
    { action: 'amend', address: 'DOMUS/RULE-1' },
    { action: 'keep', address: 'DOMUS/RULE-2' },
  ])
})

test('the plan of a profile that is named instead says so, and a short text that stands is superseded', async () => {
  at.file('house.yaml', profile('Norma'))
  for (const name of ['house', 'markdown']) {
    const more = ['--profile', name, '--accept', 'OTHER_TEXT_CHANGED']
    const runId = await started(at, { document: 'domus', source: at.path('laws/domus.md'), more })
    const { reading, endings } = await planOf(runId)
    expect(reading).toMatchObject({
      was: expect.stringMatching(/^house@1\+/),
      now: expect.stringContaining(`${name}@`),
    })
    expect(endings).toMatchObject([
      { action: 'retire', address: 'DOMUS/RULE-1' },
      { action: 'supersede', address: 'DOMUS/RULE-2' },
    ])
    const page = (await at.cutter(['run', 'plan', runId, '--format', 'markdown'])).stdout
    expect(page).toContain('This plan reads the document in another way')
  }
})

test('a batch stops at such a document alone, and counts no gap that the text in force explains', async () => {
  at.file('house.yaml', profile('Norma'))
  at.file('cutter.yaml', registered('house'))
  const batch = jsonOf<{ documents: { document: string; runId: string; reading: object | null }[] }>(
    await at.cutter(['batch', 'start', at.path('laws'), '--json']),
  )
  const none = { stop: 0, accept: 0, note: 0 }
  expect(batch.documents).toMatchObject([
    { document: 'domus', status: 'stopped', stopCode: 'STOP_REFUSED_INPUT', reading: null },
    { document: 'gap', status: 'paused', gate: 'SG1', reading: { units: 2, findings: none } },
  ])
  const { output } = jsonOf<RunJson>(await at.cutter(['run', 'show', batch.documents[1]!.runId, '--json']))
  expect(output).toMatchObject({ findings: none })
  expect(output).not.toHaveProperty('firstNote')
  expect(output).not.toHaveProperty('notes')
})

describe('a profile that merely stands in cutter.yaml', () => {
  test('does not stand for the changed profile of the last cut', async () => {
    at.file('house.yaml', profile('Norma'))
    for (const name of ['house', 'markdown']) {
      at.file('cutter.yaml', registered(name))
      const { stop } = jsonOf<RunJson>(await recut())
      expect(stop?.message).toMatch(/^no profile here reads domus as its last cut did: that was house@1\+/)
    }
  })

  test('is no other reading until it is named, and one that agrees lets the run continue', async () => {
    at.file('house.yaml', profile('Regula'))
    at.file('cutter.yaml', registered('markdown'))
    const stopped = jsonOf<RunJson>(await recut())
    expect(stopped.stop).toMatchObject({
      code: 'STOP_REFUSED_INPUT',
      message: expect.stringMatching(
        /^cutter.yaml names markdown for domus, and its last cut read it as house@1\+\w+; nothing was changed$/,
      ),
      next: expect.stringContaining('documents.domus.profile'),
    })
    const more = ['--profile', 'markdown', '--accept', 'OTHER_TEXT_CHANGED']
    const { reading } = await planOf(
      await started(at, { document: 'domus', source: at.path('laws/domus.md'), more }),
    )
    expect(reading).toMatchObject({ was: expect.stringMatching(/^house@1\+/), now: expect.any(String) })

    at.file('cutter.yaml', registered('house'))
    expect(jsonOf<RunJson>(await resume(at, stopped.runId))).toMatchObject({ status: 'paused' })
    expect(await planOf(stopped.runId)).not.toHaveProperty('reading')
  })
})
