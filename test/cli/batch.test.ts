import { spawn } from 'node:child_process'
import { mkdirSync, readdirSync } from 'node:fs'
import { setTimeout as wait } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { widthOf } from '../../src/cli/text-width.ts'
import { type Answer, aCutterHome, type CutterHome, jsonOf, type RunJson } from '../support/cli.ts'
import { aSigner, charter, enableExecution, rowsIn, sign } from '../support/cli-steps.ts'
import { onTerminal } from '../support/terminal.ts'

// Several live runs each: a loaded machine takes over a minute.
vi.setConfig({ testTimeout: 240_000 })

interface BatchJson {
  batchId: string
  counts: { [status: string]: number }
  documents: {
    document: string
    reading: { units: number; confidence: number; findings: object } | null
    runId: string
    status: string | null
    gate: string | null
    planDigest: string
    outcome: string | null
    stopCode: string | null
    error: { code: string; message: string } | null
  }[]
}

const CONFIG = `
execution: { allowLive: true }
documents: { REGISTERED: { source: ./laws/b.md, profile: markdown } }
`

/** A home with a folder of documents, and its server up. */
async function aHome(files: { [name: string]: string }): Promise<CutterHome> {
  const at = aCutterHome(CONFIG)
  mkdirSync(at.path('laws'))
  for (const [name, text] of Object.entries(files)) at.file(`laws/${name}`, text)
  await at.server()
  return at
}

const batchOf = (answer: Answer) => jsonOf<BatchJson>(answer)
const start = (at: CutterHome, ...more: string[]) => at.cutter(['batch', 'start', 'laws', '--json', ...more])
const show = (at: CutterHome) => at.cutter(['batch', 'show', '--json'])
const resume = (at: CutterHome, ...more: string[]) => at.cutter(['batch', 'resume', '--json', ...more])
const standing = ({ documents }: BatchJson) =>
  documents.map(({ document, status, gate, outcome, stopCode, error }) => [
    document,
    outcome ?? gate ?? stopCode ?? error?.code ?? status,
  ])

describe('a batch of dry runs', () => {
  let at: CutterHome

  beforeAll(async () => {
    at = await aHome({
      'a.md': charter('One.', 'Two.'),
      'b.md': charter('Three.'),
      'c.md': '## Article 1\n\na\n\n## Article 1\n\nb\n',
      'd.txt': 'no unit in here\n',
      'notes.pdf': 'not a document',
    })
  })

  afterAll(() => at.remove())

  test('batch start starts a run for each document, although others are refused or stop', async () => {
    const answer = await start(at)
    expect(answer.code).toBe(3)
    const batch = batchOf(answer)
    expect(standing(batch)).toEqual([
      ['a', 'SG1'],
      ['REGISTERED', 'SG1'],
      ['c', 'STOP_REFUSED_INPUT'],
      ['d', 'INPUT_REFUSED'],
    ])
    expect(batch.counts).toMatchObject({ paused: 2, stopped: 1, refused: 1 })
    expect(batchOf(await show(at))).toEqual(batch)
  })

  test('batch start returns the same runs again, and adds documents that came to the folder', async () => {
    const before = batchOf(await show(at))
    at.file('laws/e.md', charter('Late.'))
    const after = batchOf(await start(at))
    expect(after.batchId).toBe(before.batchId)
    expect(after.documents.slice(0, 4)).toEqual(before.documents)
    expect(after.documents[4]).toMatchObject({ document: 'e', gate: 'SG1' })
    const runs = jsonOf<RunJson[]>(await at.cutter(['run', 'list', '--json']))
    expect(runs).toHaveLength(4)
  })

  test('batch show prints a table, and why a document is refused', async () => {
    const { stdout, code } = await at.cutter(['batch', 'show'])
    expect(code).toBe(3)
    expect(stdout).toMatch(/DOCUMENT +UNITS +CONFIDENCE +FINDINGS +RUN +STATUS +STATE +GATE +PLAN +STOP/)
    expect(stdout).toMatch(/^c +2 +1 +1 stop +ictr-\S+ +stopped/m)
    expect(stdout).toMatch(/^d +- +- +- +- +refused/m)
    expect(stdout).toMatch(
      /REGISTERED +1 +1 +none +ictr-\S+ +paused +AWAITING_CUT_AUTHORIZATION +SG1 +sha256:[0-9a-f]{12}/,
    )
    expect(stdout).toContain('d: no unit to cut is found in d')
  })

  test('batch commands count on a terminal what is done, and fit it', async () => {
    const started = await onTerminal(at, ['batch', 'start', 'laws'])
    const counted = [...started.text.matchAll(/^ +(\d+) of (\d+) documents/gm)].map(([, ...n]) => n.join('/'))
    expect(counted).toEqual(['1/5', '2/5', '3/5', '4/5', '5/5'])
    const resumed = await onTerminal(at, ['batch', 'resume'])
    expect(resumed.text).toMatch(/^ +1 of 1 runs/m)
    const { stdout } = await at.cutter(['batch', 'show'], { env: { COLUMNS: '80' } })
    expect(stdout).toMatch(/^STATUS +RUN +UNITS +FINDINGS +DOCUMENT$/m)
    expect(stdout).toMatch(/^‖ waits SG1 +[0-9a-f]{8} +1 +none +REGISTERED$/m)
    expect(stdout).toMatch(/^! stopped +[0-9a-f]{8} +2 +1 stop +c\n {4}line 5: address/m)
    expect(stdout).toMatch(/^✗ refused +- +- +- +d\n {4}no unit to cut/m)
    for (const line of stdout.split('\n')) expect(widthOf(line), line).toBeLessThanOrEqual(80)
    const wide = await at.cutter(['batch', 'show'], { env: { COLUMNS: '100' } })
    expect(wide.stdout).toMatch(/^STATUS +RUN +UNITS +CONFIDENCE +FINDINGS +DOCUMENT$/m)
    expect(wide.stdout).toMatch(/^‖ waits SG1 +[0-9a-f]{8} +1 +1 +none +REGISTERED$/m)
  }, 120_000)

  test('batch resume --rehearse passes one gate of each run at a time', async () => {
    const first = batchOf(await resume(at, '--rehearse'))
    expect(standing(first).map(([, now]) => now)).toEqual([
      'SG2',
      'SG2',
      'STOP_REFUSED_INPUT',
      'INPUT_REFUSED',
      'SG2',
    ])
    const second = batchOf(await resume(at, '--rehearse'))
    expect(second.counts).toMatchObject({ succeeded: 3, stopped: 1, refused: 1 })
  })

  test('batch start --accept starts new documents, and another run for those that stopped because of the problem', async () => {
    const swapped = (text: string) => `## Article 2\n\n${text}\n\n## Article 1\n\nb\n`
    at.file('laws/f.md', swapped('f'))
    const stopped = batchOf(await start(at)).documents.find(({ document }) => document === 'f')!
    expect(stopped.stopCode).toBe('STOP_REFUSED_INPUT')
    expect((await start(at, '--accept', 'ADDRESS_COLLISION')).stderr).toContain('cannot be accepted')

    at.file('laws/g.md', swapped('g'))
    const before = batchOf(await show(at))
    const batch = batchOf(await start(at, '--accept', 'NUMBER_OUT_OF_ORDER'))
    expect(standing(batch).slice(-2)).toEqual([
      ['f', 'SG1'],
      ['g', 'SG1'],
    ])
    // Other runs do not change, nor does the one that stopped for another reason.
    const others = ({ documents }: BatchJson) => documents.slice(0, 5)
    expect(others(batch)).toEqual(others(before))
    const { runId } = batch.documents.find(({ document }) => document === 'f')!
    expect(runId).not.toBe(stopped.runId)
    const plan = JSON.parse((await at.cutter(['run', 'plan', runId])).stdout)
    expect(plan.accepted).toMatchObject([{ code: 'NUMBER_OUT_OF_ORDER', line: 5 }])
    // Without the flag the batch keeps what was accepted before.
    expect(batchOf(await start(at)).documents).toEqual(batch.documents)
  })

  test('batch start --expect stops documents with another count, and gives them another run with the right one', async () => {
    at.file('laws/h.md', charter('h', 'i', 'j'))
    const stopped = batchOf(await start(at, '--expect', 'h:article=2')).documents.at(-1)!
    expect(stopped).toMatchObject({
      document: 'h',
      stopCode: 'STOP_REFUSED_INPUT',
      reading: { units: 3, confidence: 1, findings: { stop: 1, accept: 0, note: 0 } },
    })
    const unknown = await start(at, '--expect', 'nobody:article=2')
    expect([unknown.code, unknown.stderr]).toEqual([2, expect.stringContaining('no document nobody')])
    expect(batchOf(await start(at, '--expect', 'article=3')).documents.at(-1)).toMatchObject({ gate: 'SG1' })
  })

  test('batch start refuses more documents than its limit, and two documents with one id', async () => {
    const tooMany = await start(at, '--limit', '3', '--name', 'other')
    expect(tooMany.code).toBe(2)
    expect(tooMany.stderr).toContain('contains 8 documents')
    at.file('laws/A.markdown', charter('Again.'))
    const twice = await start(at, '--name', 'other')
    expect(twice.code).toBe(2)
    expect(twice.stderr).toContain('would both be document')
  })
})

describe('a live batch', () => {
  let at: CutterHome
  let key: string

  beforeAll(async () => {
    at = await aHome({ 'a.md': charter('One.', 'Two.'), 'b.md': charter('Three.'), 'c.md': charter('Four.') })
    key = aSigner(at)
    await at.cutter(['target', 'init', 'embedded'])
    await enableExecution(at)
  })

  afterAll(() => at.remove())

  const signAll = async ({ documents }: BatchJson) => {
    const ids: string[] = []
    for (const { runId } of documents) ids.push((await sign(at, runId, key)).approvalId)
    return ids
  }

  test('batch resume passes both gates with listed approvals, although other documents are written in between', async () => {
    const started = await start(at, '--mode', 'live')
    expect(started.code).toBe(0)
    const planned = batchOf(started)
    const cuts = await signAll(planned)
    at.file('cuts.txt', `# the cuts\n${cuts.join('  alice\n')}\n`)
    const cut = await resume(at, '--approvals', 'cuts.txt')
    expect(cut.code).toBe(0)
    expect(standing(batchOf(cut)).map(([, now]) => now)).toEqual(['SG2', 'SG2', 'SG2'])

    const [first, ...others] = await signAll(batchOf(cut))
    const one = batchOf(await resume(at, '--approval', first!))
    expect(one.counts).toMatchObject({ succeeded: 1, paused: 2 })
    const rest = await resume(at, ...others.flatMap((id) => ['--approval', id]))
    expect(batchOf(rest).counts).toMatchObject({ succeeded: 3 })
    expect(await rowsIn(await at.superuser())).toMatchObject({ information_unit: 4, iu_lifecycle_log: 4 })

    // Repeating the list changes nothing.
    const again = await resume(at, '--approvals', 'cuts.txt')
    expect(again.code).toBe(0)
    expect(batchOf(again).documents).toEqual(batchOf(rest).documents)
  })

  test('batch resume refuses rehearsals, unknown approvals and approvals of other runs', async () => {
    const rehearsed = await resume(at, '--rehearse')
    expect(rehearsed.code).toBe(2)
    const unknown = await resume(at, '--approval', 'ap-nobodys')
    expect(unknown.code).toBe(4)
    const other = await at.cutter([
      'run',
      'start',
      'cut',
      '--document',
      'X',
      '--source',
      'laws/a.md',
      '--json',
    ])
    const { approvalId } = jsonOf<{ approvalId: string }>(
      await at.cutter(['approval', 'rehearse', jsonOf(other).runId, '--json']),
    )
    const foreign = await resume(at, '--approval', approvalId)
    expect(foreign.code).toBe(2)
    expect(foreign.stderr).toContain('which is not part of batch')
  })
})

describe('a batch after its process was killed', () => {
  let at: CutterHome

  beforeAll(async () => {
    const names = Array.from({ length: 12 }, (_, i) => `law-${i + 1}.md`)
    at = await aHome(Object.fromEntries(names.map((name) => [name, charter('One.', 'Two.')])))
  })

  afterAll(() => at.remove())

  test('batch start continues it with one run for each document', async () => {
    const child = spawn(process.execPath, [at.path('.installed/dist/cutter.cjs'), 'batch', 'start', 'laws'], {
      cwd: at.home,
      env: at.env,
      stdio: 'ignore',
    })
    const gone = new Promise((done) => child.once('exit', done))
    const countRuns = async () => jsonOf<RunJson[]>(await at.cutter(['run', 'list', '--json'])).length
    while ((await countRuns()) < 2) await wait(50)
    child.kill('SIGKILL')
    await gone
    const left = batchOf(await show(at))
    expect(left.documents).toHaveLength(12)

    const again = await start(at)
    expect(again.code).toBe(0)
    const { documents, counts } = batchOf(again)
    expect(counts.paused).toBe(12)
    const kept = left.documents.filter(({ runId }) => runId !== null)
    expect(kept.length).toBeGreaterThan(0)
    for (const { document, runId } of kept) {
      expect(documents.find((one) => one.document === document)?.runId).toBe(runId)
    }
    expect(await countRuns()).toBe(12)
    expect(readdirSync(at.path('var/batches'))).toHaveLength(1)
  })
})
