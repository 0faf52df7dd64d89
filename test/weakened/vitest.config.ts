import { join, relative } from 'node:path'
import { defineConfig } from 'vitest/config'
import { yamlAsData } from '../../vitest.config.ts'
import { type Edit, edited } from './edit.ts'
import { ROOT } from './source-tree.ts'

/** Runs tests against the source with the edits of CUTTER_WEAKENED in it. Nothing is written to the source. */
const edits = JSON.parse(process.env.CUTTER_WEAKENED ?? '[]') as Edit[]

const weakened = {
  name: 'weakened',
  enforce: 'pre' as const,
  transform: (text: string, id: string) => {
    const here = edits.filter(({ file }) => file === relative(ROOT, id))
    return here.length === 0 ? null : edited(text, here)
  },
}

export default defineConfig({
  root: ROOT,
  plugins: [yamlAsData, weakened],
  test: {
    include: [join('test', '**', '*.test.ts')],
    testTimeout: 60_000,
    hookTimeout: 120_000,
    maxWorkers: 2,
    // One red test is enough.
    bail: 1,
    // The outer suites order their files by what was red, which means nothing here.
    cache: false,
  },
})
