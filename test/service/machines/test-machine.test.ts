// cspell:ignore oldnew oldnnew
import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import type { TestMachine, Trial } from '../../../src/custom/trial.ts'
import { scaffoldMachine } from '../../../src/service/machines/scaffold-machine.ts'
import { spread } from '../../../src/service/machines/trial/spread.ts'
import { describeWithKeys } from '../../support/ssh-keys.ts'

/**
 * Trials of the machine that `machine new` writes, with mistakes that only a killed process shows. The function is the built one, as authors
 * import it: a process that dies in the middle of a write runs the built program.
 */

// A trial starts a process of its own for each moment at which it kills.
vi.setConfig({ testTimeout: 300_000 })

const [SOURCE] = Object.values(scaffoldMachine('pay', { cutter: '', zod: '', xstate: '', types: '' }))
let folder = ''
let testMachine: TestMachine
beforeAll(async () => {
  ;({ testMachine } = await import(pathToFileURL(resolve('dist/testing.mjs')).href))
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'cutter-trials-')))
})
afterAll(() => rmSync(folder, { recursive: true }))

let serial = 0
/** The report of a trial of the machine with some of its text replaced. */
function tried(changes: [from: string, to: string][], more: Partial<Trial> = {}) {
  serial += 1
  const place = join(folder, `${serial}`)
  mkdirSync(place)
  const file = join(place, 'pay.ts')
  let source = SOURCE!
  for (const [from, to] of changes) {
    expect(source).toContain(from)
    source = source.replace(from, to)
  }
  writeFileSync(file, source)
  const trial: Trial = {
    world: () => {
      const world = join(place, 'world')
      writeFileSync(world, 'old')
      const read = () => readFileSync(world, 'utf8')
      return { input: { file: world, text: 'new' }, read }
    },
    ...more,
  }
  return testMachine(file, trial)
}

const PROBE = 'if (now === digestOf(text)) return {'
const NOT_DONE = "if (now === before) return { outcome: 'not-committed' }"

describeWithKeys('a trial', () => {
  test('finds nothing in a machine that keeps its word, and says what it walked and killed', async () => {
    expect(await tried([])).toEqual({
      machine: 'pay',
      version: '1',
      walked: ['PENDING', 'AWAITING_APPROVAL', 'CLOSEOUT_REPORTED'],
      notReached: [],
      kills: [
        { write: 'replace', moment: 'before the write', executed: 1, probe: 'not-committed' },
        { write: 'replace', moment: 'after the write', executed: 1, probe: 'committed' },
        // Before it opens the new file, writes it, and renames it.
        ...[1, 2, 3].map((at) => ({
          write: 'replace',
          moment: 'in the write',
          at,
          of: 3,
          executed: 1,
          probe: 'not-committed',
        })),
      ],
      faults: [],
    })
  })

  test.each<[string, [string, string][], string]>([
    [
      'a probe that misses its write',
      [[PROBE, "if (now === digestOf(text)) return { outcome: 'not-committed' }\n    if (false) return {"]],
      'killed after the write replace: the write replace (FILE:31) would be done twice',
    ],
    [
      'a probe that cannot tell',
      [
        [
          PROBE,
          "if (now === digestOf(text)) return { outcome: 'unknown', why: 'busy' }\n    if (false) return {",
        ],
      ],
      'the write replace (FILE:31) was done, but its probe answered unknown',
    ],
    [
      'a probe that answers committed too soon',
      [[NOT_DONE, "if (now === before) return { outcome: 'committed', output: {} }"]],
      'the write replace (FILE:31) was not done, but its probe answered committed',
    ],
    [
      'a probe that relies on the memory of its process',
      [
        ['const textOf', 'let done = false\nconst textOf'],
        [
          '    return { output: { report: { replaced: file } } }\n  },\n  /**',
          '    done = true\n    return { output: { report: { replaced: file } } }\n  },\n  /**',
        ],
        [PROBE, 'if (done) return {'],
        [NOT_DONE, "if (!done) return { outcome: 'not-committed' }"],
      ],
      'would be done twice',
    ],
    [
      'a write that leaves its work to a process and does not wait for it',
      [
        [
          "import { resolve } from 'node:path'",
          `import { spawn } from 'node:child_process'
import { resolve } from 'node:path'
const later = (...files: string[]) =>
  spawn('sh', ['-c', 'sleep 20; mv "$1" "$2"', 'sh', ...files], { stdio: 'ignore', detached: true }).unref()`,
        ],
        ['await rename(', 'later('],
      ],
      'killed after the write replace: the write replace (FILE:34) would be done twice',
    ],
    [
      'a plan that depends on chance',
      [["action: 'replace'", 'action: String(Math.random())']],
      'a dry run did not succeed: ',
    ],
    [
      'a simulation that writes',
      [
        [
          'simulate: async (_context, { file }) => ({',
          "simulate: async (_context, { file }) => (await writeFile(file, 'x'), {",
        ],
      ],
      'the dry run changed the world',
    ],
    [
      'a probe that reports another result than the write',
      [
        [
          PROBE,
          "if (now === digestOf(text)) return { outcome: 'committed', output: { report: { replaced: 'x' } } }\n    if (false) return {",
        ],
      ],
      'killed after the write replace, the result differs: output.replaced: ',
    ],
    [
      'a write before its gate',
      [
        [
          "work('plan', 'AWAITING_APPROVAL')",
          "work('plan', 'EARLY'),\n    EARLY: work('replace', 'AWAITING_APPROVAL')",
        ],
      ],
      'a dry run did not succeed: it stopped in EARLY (STOP_INTERNAL): EARLY asks for the write replace (FILE:31) before it has used an approval',
    ],
  ])('finds %s', async (_, changes, fault) => {
    const { faults } = await tried(changes)
    const wanted = fault.replace('FILE', join(folder, `${serial}/pay.ts`))
    expect(faults).toEqual(expect.arrayContaining([expect.stringContaining(wanted)]))
  })

  test('compares no value that differs between two runs that nobody disturbed', async () => {
    const random = '{ replaced: file, nonce: String(Math.random()) } } }\n  },\n  /**'
    const { faults } = await tried([['{ replaced: file } } }\n  },\n  /**', random]])
    expect(faults).toEqual([])
  })

  const STEP =
    // biome-ignore lint/suspicious/noTemplateCurlyInString: the text of a module
    'await writeFile(`${file}.new`, text)\n    // A process may die at any moment, so the change happens in one step.\n    await rename(`${file}.new`, file)'
  const HALVES = "for (const half of ['n', 'ew']) await appendFile(file, half)"
  const APPENDED: [string, string][] = [
    ['import { readFile,', "import { appendFileSync } from 'node:fs'\nimport { appendFile, readFile,"],
    [PROBE, "if ((await textOf(file)).endsWith('new')) return {"],
    [NOT_DONE, "if (!(await textOf(file)).endsWith('new')) return { outcome: 'not-committed' }"],
  ]

  test.each([
    ['calls that are awaited', HALVES],
    ['calls that wait', HALVES.replace('await appendFile', 'appendFileSync')],
    [
      'a process',
      "const { spawn } = await import('node:child_process')\n    for (const half of ['n', 'ew']) await new Promise((done) => spawn('sh', ['-c', 'printf \"$1\" >> \"$2\"', 'sh', half, file], { stdio: 'ignore' }).once('close', done))",
    ],
  ])('finds a write of two steps by %s, half of which is done again', async (_, halves) => {
    const { faults } = await tried([...APPENDED, [STEP, halves]])
    expect(faults).toContainEqual(
      expect.stringMatching(
        /^killed in the write replace \(\d of \d\), the result differs: world: "oldnew" → "oldnnew"$/,
      ),
    )
  })

  test('counts no fault where the probe cannot tell what a process that died in the write has left', async () => {
    const { faults, kills } = await tried([[STEP, 'await writeFile(file, text)']])
    expect(faults).toEqual([])
    expect(kills.slice(2)).toMatchObject([
      { moment: 'in the write', at: 1, probe: 'not-committed', executed: 1 },
      { moment: 'in the write', at: 2, probe: 'unknown', executed: 0 },
    ])
  })

  test('kills in the middle at no more moments than a trial names', async () => {
    expect((await tried([], { moments: 1 })).kills.slice(2)).toMatchObject([{ at: 3, of: 3 }])
    expect((await tried([], { moments: 0 })).kills).toHaveLength(2)
  })
})

test.each([
  [0, 10, []],
  [3, 10, [1, 2, 3]],
  [40, 4, [1, 14, 27, 40]],
  [7, 1, [7]],
  [7, 0, []],
])('of %i moments, %i at most are these', (n, most, moments) => {
  expect(spread(n, most)).toEqual(moments)
})
