import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Trial } from '../../../src/custom/trial.ts'
import { scaffoldMachine } from '../../../src/service/machines/scaffold-machine.ts'
import { testMachine } from '../../../src/service/machines/trial/test-machine.ts'
import { describeWithKeys } from '../../support/ssh-keys.ts'

/** Trials of the machine that `machine new` writes, with mistakes that only a killed process shows. */

const [SOURCE] = Object.values(scaffoldMachine('pay', { cutter: '', zod: '', xstate: '', types: '' }))
let folder = ''
beforeAll(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'cutter-trials-')))
})
afterAll(() => rmSync(folder, { recursive: true }))

let serial = 0
/** The report of a trial of the machine with some of its text replaced. */
function tried(changes: [from: string, to: string][], reads = true) {
  serial += 1
  mkdirSync(join(folder, `${serial}`))
  const file = join(folder, `${serial}/pay.ts`)
  let source = SOURCE!
  for (const [from, to] of changes) {
    expect(source).toContain(from)
    source = source.replace(from, to)
  }
  writeFileSync(file, source)
  const trial: Trial = {
    world: () => {
      const world = join(folder, `${serial}/world`)
      writeFileSync(world, 'old')
      const read = () => readFileSync(world, 'utf8')
      return { input: { file: world, text: 'new' }, ...(reads ? { read } : {}) }
    },
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
        { write: 'replace', moment: 'before the write', executed: 1 },
        { write: 'replace', moment: 'after the write', executed: 1 },
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
})
