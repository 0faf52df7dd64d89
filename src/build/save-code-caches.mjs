import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { build } from 'esbuild'

/**
 * Saves V8's code caches of the built command line. A cache has the functions that ran in a command that reads (main.cjs) or moves a run
 * (all other files), so that cold commands need not compile them.
 */
export async function saveCodeCaches({ root, dist, common }) {
  for (const name of readdirSync(dist)) if (/\.cjs\.[0-9a-f]{16}\.\d+$/.test(name)) rmSync(join(dist, name))
  const { outputFiles } = await build({
    ...common,
    stdin: { contents: SAVER, resolveDir: root },
    write: false,
    format: 'cjs',
  })
  const home = mkdtempSync(join(tmpdir(), 'cutter-build-'))
  try {
    const module = join(home, 'two-steps.ts')
    writeFileSync(module, TWO_STEPS)
    // Most homes have one, so its reading is part of the caches.
    writeFileSync(join(home, 'cutter.yaml'), 'machines: { two-steps: ./two-steps.ts }\n')
    const cutter = (saved, ...args) =>
      JSON.parse(
        execFileSync(
          process.execPath,
          ['-e', outputFiles[0].text, saved, dist, ...args, '--home', home, '--json'],
          { encoding: 'utf8', cwd: home, env: { PATH: process.env.PATH ?? '', HOME: home } },
        ),
      )
    const { runId } = cutter('moving', 'run', 'start', module)
    cutter('reading', 'run', 'show', runId)
    // Each command saves the files that it read, so the one that moves a run comes last.
    const document = join(home, 'document.md')
    writeFileSync(document, '# A document\n\n## Section 1\n\nOne sentence.\n')
    cutter('moving', 'document', 'scan', document)
    const { approvalId } = cutter('moving', 'approval', 'rehearse', runId)
    cutter('moving', 'run', 'resume', '--approval', approvalId)
  } finally {
    rmSync(home, { recursive: true, force: true })
  }
}

// It imports a part of Node, so that a build whose loader can't do that fails.
const TWO_STEPS = `
import { chart, gated, planOf, readEffect, success, work } from 'cutter'
import { sep } from 'node:path'
import { z } from 'zod'
const input = z.object({ sep: z.literal(sep).optional() })
const plan = (name: string) => readEffect({ name, input, execute: async () => planOf('SG1', { step: 'last' }) })
const last = readEffect({ name: 'last', input, execute: async () => ({ output: { last: true } }) })
export const machine = {
  name: 'two-steps', version: '1', input, effects: [plan('plan'), plan('recheck'), last],
  logic: chart({
    S1: work('plan', 'GATE'), GATE: gated('SG1', { recheck: 'recheck', work: 'last', next: 'DONE' }), DONE: success,
  }),
}
`

const SAVER = `
import { createRequire } from 'node:module'
import { basename } from 'node:path'
import { runFiles, saveCache } from './src/node20/code-cache.ts'
const [saved, dist, ...args] = process.argv.slice(1)
process.argv.splice(1, Infinity, 'cutter', ...args)
const scripts = new Map()
process.on('exit', () => {
  for (const [file, script] of scripts)
    if ((basename(file) === 'main.cjs') === (saved === 'reading')) saveCache(file, script)
})
runFiles(dist, createRequire(dist + '/main.cjs'), (file, script) => scripts.set(file, script))
`
