import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Edit } from './edit.ts'
import { ROOT } from './source-tree.ts'

/** What the tests say of a weakened build. */
export interface Answer {
  /** How many tests ran until the first one was red. */
  ran: number
  /** The first red test, as `file: name`. Null when all stayed green. */
  red: string | null
  /** The first line of its message. */
  why: string
}

interface Report {
  testResults: {
    name: string
    message: string
    assertionResults: { fullName: string; status: string; failureMessages: string[] }[]
  }[]
}

/**
 * Runs test files against a weakened build, in a process of its own. Its output is not printed, because there red is what is wanted.
 * @throws Error when the tests could not run, such as when the weakened source can't be loaded
 */
export async function runWeakened(edits: Edit[], files: string[]): Promise<Answer> {
  const folder = mkdtempSync(join(tmpdir(), 'cutter-weakened-'))
  try {
    const report = join(folder, 'report.json')
    const config = join(import.meta.dirname, 'vitest.config.ts')
    const args = ['run', '--config', config, '--reporter=json', `--outputFile=${report}`, ...files]
    const printed = await vitest(args, { CUTTER_WEAKENED: JSON.stringify(edits) })
    return answerOf(readReport(report, printed))
  } finally {
    rmSync(folder, { recursive: true })
  }
}

function vitest(args: string[], more: NodeJS.ProcessEnv): Promise<string> {
  // The variables of the outer vitest would make the inner one a part of it.
  const outer = Object.entries(process.env).filter(([name]) => !/^(?:VITEST|TEST$|NODE_ENV$)/.test(name))
  const env = { ...Object.fromEntries(outer), ...more }
  const program = join(ROOT, 'node_modules/vitest/vitest.mjs')
  return new Promise((done, failed) => {
    const child = spawn(process.execPath, [program, ...args], {
      cwd: ROOT,
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let printed = ''
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (text) => (printed += text))
    child.on('error', failed)
    child.on('close', () => done(printed))
  })
}

function readReport(file: string, printed: string): Report {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Report
  } catch {
    throw new Error(`the tests of a weakened build did not run: ${printed.slice(-2000)}`)
  }
}

function answerOf({ testResults }: Report): Answer {
  const ran = testResults.flatMap(({ assertionResults }) =>
    assertionResults.filter(({ status }) => ['passed', 'failed'].includes(status)),
  )
  for (const { name, assertionResults } of testResults) {
    const failed = assertionResults.find(({ status }) => status === 'failed')
    if (failed === undefined) continue
    const [why = ''] = (failed.failureMessages[0] ?? '').split('\n')
    return { ran: ran.length, red: `${name.slice(ROOT.length + 1)}: ${failed.fullName}`, why }
  }
  const broken = testResults.find(({ message }) => message !== '')
  if (ran.length === 0 || broken !== undefined)
    throw new Error(`the tests of a weakened build did not run: ${broken?.message ?? 'there are none'}`)
  return { ran: ran.length, red: null, why: '' }
}
