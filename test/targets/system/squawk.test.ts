import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { runSquawk } from '../../../src/targets/system/squawk.ts'
import { openTools } from '../../../src/tools/open-tools.ts'

const tools = openTools({})
const skipped = tools.find('squawk') === null ? 'squawk-cli, an optional package, is not installed' : null
if (skipped !== null) console.log(`skipped: reports of squawk (${skipped})`)

test.skipIf(skipped !== null).each([
  ['few findings', 3, undefined],
  ['more than a short answer holds', 400, undefined],
  ['more than anybody reads', 3_000, 2_500],
])('a report holds %s', async (_, statements, more) => {
  const folder = mkdtempSync(join(tmpdir(), 'cutter-squawk-'))
  const lines = Array.from({ length: statements }, (_, n) => `create index concurrently i${n} on t (a);`)
  writeFileSync(join(folder, 'm.sql'), `${lines.join('\n')}\n`)
  const report = await runSquawk(
    { folder, file: 'm.sql', inTransaction: false },
    { tools, signal: new AbortController().signal },
  )
  rmSync(folder, { recursive: true })
  expect(report).toMatchObject({ installed: true, findings: expect.any(Array) })
  const { findings } = report as { findings: { rule: string; line: number }[] }
  expect(findings.length).toBe(Math.min(statements, 500))
  expect(findings.at(-1)!.line).toBe(Math.min(statements, 500))
  expect((report as { more?: number }).more).toBe(more)
})
