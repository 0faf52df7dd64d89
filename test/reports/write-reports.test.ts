import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, unlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createReports, findReportedRun } from '../../src/app/run-reports.ts'
import type { Run } from '../../src/domain/run.ts'
import { loadRun } from '../../src/engine/load-run.ts'
import { readHeadWitness, safeFileName } from '../../src/reports/report-folder.ts'
import { approved, aWorldWithEvidence, edit } from '../engine/edited-store.ts'
import { start, succeeds, type World } from '../machines/crashing-engine.ts'
import { failure } from '../machines/explore-chart.ts'
import { aFolder, removeFolders } from '../store/store-folders.ts'

/** Reports as files, written by the real engine whenever a run comes to rest. */

let home: string
let world: World
let warnings: string[]
let failing = 0

beforeEach(() => {
  home = aFolder()
  mkdirSync(join(home, 'var'))
  warnings = []
  failing = 0
  world = aWorldWithEvidence((name) => (name === 'mark' && failing-- > 0 ? failure('mark') : succeeds(name)))
  const reports = createReports({
    ...{ home, store: world.store, allowedSigners: './allowed_signers' },
    policy: () => ({ validHours: 24 }),
    warn: (text) => warnings.push(text),
  })
  // As a command does that moves one run.
  world.parts.reports = {
    ...reports,
    async atRest(...given) {
      await reports.atRest(...given)
      await reports.writeMoved()
    },
  }
})
afterEach(() => world.store.close())
afterAll(removeFolders)

const folderOf = ({ runId }: Run) => join(home, 'var', 'runs', runId)
const filesOf = (run: Run) => readdirSync(folderOf(run)).sort()
const stems = (run: Run) => [...new Set(filesOf(run).map((name) => name.replace(/\.(md|json)$/, '')))]
const modeOf = (path: string) => (statSync(path).mode & 0o777).toString(8)

describe('the reports of a run', () => {
  test('are written when it rests, for their owner alone, as Markdown and as JSON', async () => {
    const run = await start(world)
    expect(stems(run)).toEqual([
      ...['01-source_pin', '02-mark', '03-cutplan', '04-pre_write_backup', '05-grant_probe'],
      ...['06-approval-request-SG1', 'head'],
    ])
    expect(filesOf(run)).toHaveLength(13)
    expect(modeOf(folderOf(run))).toBe('700')
    expect(new Set(filesOf(run).map((name) => modeOf(join(folderOf(run), name))))).toEqual(new Set(['600']))
    expect(JSON.parse(readFileSync(join(folderOf(run), '03-cutplan.json'), 'utf8'))).toMatchObject({
      phase: 'cutplan',
    })
    expect(readHeadWitness(folderOf(run))).toEqual({ seq: run.seq, head: run.head, at: run.updatedAt })
  })

  test('are written again at each rest, also after a refusal', async () => {
    const run = await start(world)
    await expect(world.engine.resume(run.runId, { approvalId: 'ap-unknown' })).rejects.toThrow('no approval')
    expect(readHeadWitness(folderOf(run))?.seq).toBe(run.seq + 1)
    const closed = await world.engine.cancel(run.runId, { reason: 'enough' })
    expect(readHeadWitness(folderOf(run))).toMatchObject({ seq: closed.seq, head: closed.head })
    expect(stems(run)).toContain('closeout')
  })

  test('lose the closeout of a stop when the run continues, and leave files of others', async () => {
    failing = 1
    const run = await start(world)
    expect(stems(run)).toContain('closeout')
    writeFileSync(join(folderOf(run), 'notes.md'), 'mine')
    const paused = await world.engine.resume(run.runId, {})
    expect(paused.status).toBe('paused')
    expect([stems(run).includes('closeout'), stems(run).includes('notes')]).toEqual([false, true])
  })

  test('are written again at the next rest after somebody deleted them', async () => {
    const run = await start(world)
    rmSync(folderOf(run), { recursive: true })
    const next = await approved(world, run)
    expect(next.gate).toBe('SG2')
    expect(stems(run)).toContain('01-source_pin')
    unlinkSync(join(folderOf(run), 'head.json'))
    expect((await approved(world, next)).outcome).toBe('succeeded')
  })

  test('cause a warning when they can’t be written, and do not affect the run', async () => {
    writeFileSync(join(home, 'var', 'runs'), 'in the way')
    const run = await start(world)
    expect(run.gate).toBe('SG1')
    expect(warnings).toEqual([
      expect.stringMatching(
        /^the newest entry of run .* could not be recorded in var\/runs\/heads: .*EEXIST/,
      ),
      expect.stringMatching(/^the reports of run .* could not be written: .*EEXIST/),
    ])
    expect((await approved(world, run)).gate).toBe('SG2')
  })

  test('stay when the run can’t be trusted', async () => {
    const run = await start(world)
    const before = readHeadWitness(folderOf(run))
    edit(world, run.runId, "update history set by = 'nobody' where run_id = @id and seq = 2")
    await expect(world.engine.cancel(run.runId, { reason: 'no' })).rejects.toMatchObject({
      code: 'STORE_TAMPERED',
    })
    await world.parts.reports!.atRest(run.runId, { isChecked: false })
    expect(readHeadWitness(folderOf(run))).toEqual(before)
    expect(warnings).toEqual([])
  })
})

describe('a run that only the reports know', () => {
  test('is found by its id, a beginning or an end of it', async () => {
    const { runId, seq } = await start(world)
    for (const text of [runId, runId.slice(0, 12), runId.slice(-8)])
      expect(findReportedRun(home, text)).toEqual({ runId, seq })
    expect(findReportedRun(home, 'another')).toBeNull()
    expect(findReportedRun(join(home, 'elsewhere'), runId)).toBeNull()
  })
})

describe('a head.json that Cutter did not write', () => {
  const head = `sha256:${'a'.repeat(64)}`
  test.each([
    '',
    '{',
    '{}',
    'null',
    `{"seq":"7","head":"${head}","at":"x"}`,
    '{"seq":7,"head":"x","at":"x"}',
  ])('is refused by its path: %s', (text) => {
    const folder = aFolder()
    expect(readHeadWitness(folder)).toBeNull()
    writeFileSync(join(folder, 'head.json'), text)
    expect(() => readHeadWitness(folder)).toThrow(`${join(folder, 'head.json')} is not as Cutter writes it`)
  })

  test('keeps its run from being shown or moved until somebody removes it', async () => {
    const run = await start(world)
    writeFileSync(join(folderOf(run), 'head.json'), '{"seq":1}')
    const tampered = { code: 'STORE_TAMPERED', next: expect.stringContaining('remove it') }
    await expect(loadRun(world.parts, run.runId)).rejects.toMatchObject(tampered)
    await expect(world.engine.cancel(run.runId, { reason: 'no' })).rejects.toMatchObject(tampered)
    expect(readFileSync(join(folderOf(run), 'head.json'), 'utf8')).toBe('{"seq":1}')
    unlinkSync(join(folderOf(run), 'head.json'))
    expect((await approved(world, run)).gate).toBe('SG2')
    expect(readHeadWitness(folderOf(run))).toMatchObject({ head: expect.stringMatching(/^sha256:/) })
  })
})

test('safeFileName gives a file name for any name', () => {
  expect(['a-b_C9', '..', 'a/b', 'Điều', 'x:y*'].map(safeFileName)).toEqual([
    'a-b_C9',
    '%2E%2E',
    'a%2Fb',
    '%C4%90i%E1%BB%81u',
    'x%3Ay%2A',
  ])
})
