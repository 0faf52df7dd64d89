import { afterAll, beforeAll, expect, test } from 'vitest'
import { aCutterHome, type CutterHome, jsonOf } from '../support/cli.ts'
import { charter, rehearseOn, started } from '../support/cli-steps.ts'

let at: CutterHome

beforeAll(() => {
  at = aCutterHome('documents: { CHARTER: { source: ./charter.md } }\n')
  at.file('charter.md', charter('All water is shared.', 'Nobody owns the river.'))
})

afterAll(() => at.remove())

test('run plan shows the plans of a configured document at both gates', async () => {
  const answer = await at.cutter(['run', 'start', 'cut', '--document', 'CHARTER', '--json'])
  const { runId, gate, planDigest } = jsonOf(answer)
  expect(gate).toBe('SG1')
  const cut = await at.cutter(['run', 'plan', runId, '--format', 'markdown'])
  expect(cut.code).toBe(0)
  expect(cut.stdout).toContain(`| digest | \`${planDigest}\` |`)
  expect(cut.stdout).toContain('| `create` | `CHARTER/ARTICLE-2` | Article 2 | Nobody owns the river. |')

  await rehearseOn(at, runId)
  const lifecycle = await at.cutter([
    'run',
    'plan',
    runId,
    '--format',
    'markdown',
    '--page',
    '2',
    '--page-size',
    '1',
  ])
  expect(lifecycle.stdout).toContain('# `CHARTER` comes into force')
  expect(lifecycle.stdout).toContain('Page 2 of 2.')
  expect(lifecycle.stdout).toContain('| `draft` | `enacted` | Nobody owns the river. |')
  expect(lifecycle.stdout).not.toContain('All water is shared.')
})

test('run plan refuses page 0, and --json with Markdown', async () => {
  const runId = await started(at, { document: 'OTHER', source: 'charter.md' })
  const page = await at.cutter(['run', 'plan', runId, '--format', 'markdown', '--page', '0'])
  expect(page.code).toBe(2)
  const both = await at.cutter(['run', 'plan', runId, '--format', 'markdown', '--json'])
  expect(both.code).toBe(2)
})
