import { afterAll, expect, test } from 'vitest'
import { describeWithKeys } from '../support/ssh-keys.ts'
import { sampleOf, weakenedBuilds } from './builds.ts'
import { runWeakened } from './run-weakened.ts'

/**
 * Each build with one check removed must turn tests red. Where all tests stay green, a test is missing. CUTTER_WEAKENED_SAMPLE limits the
 * number of builds.
 */

const size = Number(process.env.CUTTER_WEAKENED_SAMPLE ?? Number.POSITIVE_INFINITY)
const all = weakenedBuilds()
const builds = Number.isFinite(size) ? sampleOf(all, size, new Date()) : all

describeWithKeys('a build with one check removed', () => {
  const rows: string[] = []
  afterAll(() => {
    const head = [
      'subject | removed in | test files | answer | first red test',
      '--- | --- | --- | --- | ---',
    ]
    process.stdout.write(`${[...head, ...rows].map((row) => `| ${row} |`).join('\n')}\n`)
  })

  test.each(builds.map((build) => [build.subjects.join(', '), build.name, build] as const))(
    'without "%s" in %s turns tests red',
    { timeout: 600_000 },
    async (subject, place, { edits, tests }) => {
      const { red } = await runWeakened(edits, tests)
      const shown = red?.replace(/\s+|\|/g, ' ') ?? '–'
      rows.push([subject, place, tests.join(' '), red === null ? 'GREEN' : 'red', shown].join(' | '))
      expect(red).not.toBeNull()
    },
  )
})
