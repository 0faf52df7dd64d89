import { randomBytes } from 'node:crypto'
import { readFile, rename, writeFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { chart, defineMachine, digestOf, gated, planOf, readEffect, success, work, writeEffect } from 'cutter'
import { z } from 'zod'

const file = z.string().transform((path) => resolve(path))
const input = z.object({ file: file.describe('file that holds the key') })

const plan = readEffect({
  name: 'plan',
  input,
  async execute(_context, { file }) {
    const before = digestOf(await readFile(file, 'utf8')) // the key itself never leaves the file
    return planOf('SG1', { action: 'replace', file, before }, { before })
  },
})

const rotate = writeEffect({
  name: 'rotate',
  input: input.extend({ before: z.string() }),
  async execute({ runId }, { file }) {
    await writeFile(`${file}.new`, `${randomBytes(32).toString('hex')} ${runId}\n`, { mode: 0o600 })
    await rename(`${file}.new`, file)
    return { output: { report: { rotated: file } } }
  },
  simulate: async () => ({ output: { report: { rotated: null } } }),
  async probe({ runId }, { file, before }) {
    const key = await readFile(file, 'utf8')
    if (key.endsWith(` ${runId}\n`)) return { outcome: 'committed', output: { report: { rotated: file } } }
    if (digestOf(key) === before) return { outcome: 'not-committed' }
    return { outcome: 'unknown', why: `somebody else replaced the key in ${file}` }
  },
})

export const machine = defineMachine({
  name: 'rotate-keys',
  version: '1',
  input,
  effects: [plan, rotate],
  logic: chart({
    PENDING: work('plan', 'AWAITING_APPROVAL'),
    AWAITING_APPROVAL: gated('SG1', { recheck: 'plan', work: 'rotate', next: 'CLOSEOUT_REPORTED' }),
    CLOSEOUT_REPORTED: success,
  }),
})
