import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { findRequiredGates } from '../../src/builtin/required-gates.ts'
import { INTEGRITY_ONLY, verifyBundle } from '../../src/bundle/verify-bundle.ts'
import { exitOfVerdict } from '../../src/cli/exit-codes.ts'
import { describeWithKeys } from '../support/ssh-keys.ts'
import { type BundleParts, changeBundle, mutateBundle } from './mutate-bundle.ts'
import { tarOfVector } from './read-vectors.ts'

/**
 * Bundles that a seed makes get the same exit code from both verifiers. FUZZ_FROM and FUZZ_SEEDS choose other seeds: `FUZZ_FROM=10000
 * FUZZ_SEEDS=3000 npx vitest run --project main test/vectors/fuzz-verifiers.test.ts`. A difference becomes a vector, or a fixed seed here.
 */

const folder = mkdtempSync(join(tmpdir(), 'cutter-fuzz-'))
afterAll(() => rmSync(folder, { recursive: true }))

/** Vectors that hold without any key, so that a forger can make everything of them again. */
const DRAFTS = [
  'good-dry',
  'good-dry-cancelled',
  'good-dry-abandoned',
  'good-live-open',
  'good-live-abandoned-early',
  'good-live',
]

const FROM = Number(process.env.FUZZ_FROM ?? 0)
const SEEDS = Number(process.env.FUZZ_SEEDS ?? 200)

async function exitOfOurs(tar: Buffer): Promise<{ exit: number; why: string | null }> {
  const { holds, unmet, firstFault } = await verifyBundle(tar, { ...INTEGRITY_ONLY, findRequiredGates })
  return {
    exit: exitOfVerdict({ holds, unmet }, { withSigners: false, integrityOnly: false }),
    why: firstFault?.message ?? null,
  }
}

/** Values at which the verifiers once differed: each with the exit code of both. */
const FOUND: [string, string, 1 | 3, (parts: BundleParts) => void][] = [
  [
    'a lone surrogate in a value',
    'good-dry-cancelled',
    3,
    ({ history }) => {
      history[1]!.event.note = 'a\udc00b'
    },
  ],
  [
    'a lone surrogate in a name',
    'good-dry-cancelled',
    3,
    ({ history }) => {
      history[1]!.event['\ud800'] = 1
    },
  ],
  [
    'a lone surrogate in the input',
    'good-dry-cancelled',
    3,
    ({ genesis }) => {
      genesis.input.note = '\ud800'
    },
  ],
  [
    'a lone surrogate in a state',
    'good-dry-cancelled',
    1,
    ({ history }) => {
      history[1]!.state = '\ud800'
    },
  ],
  [
    'a time without seconds',
    'good-dry-cancelled',
    1,
    ({ history }) => {
      history[2]!.at = '2026-01-01T00:00Z'
    },
  ],
  [
    'a start key that is false',
    'good-dry-cancelled',
    1,
    ({ genesis }) => void Object.assign(genesis, { startKey: false }),
  ],
  [
    'a plan digest that is an empty text',
    'good-dry',
    1,
    ({ snapshot }) => {
      snapshot.snapshot.context.planDigest = ''
    },
  ],
  [
    'a plan digest that is no digest',
    'good-dry',
    1,
    ({ snapshot }) => {
      snapshot.snapshot.context.planDigest = 'x'
    },
  ],
  [
    'a context that is a list',
    'good-dry',
    1,
    ({ snapshot }) => void Object.assign(snapshot.snapshot, { context: [[]] }),
  ],
  [
    'a context that is a number',
    'good-dry',
    1,
    ({ snapshot }) => void Object.assign(snapshot.snapshot, { context: 1e-7 }),
  ],
  [
    'an arrival whose plan digest is empty',
    'good-live-open',
    1,
    ({ history }) => {
      history.at(-1)!.event.arrival = { gate: 'SG1', planDigest: '' }
    },
  ],
  [
    'a voucher that is a text',
    'good-dry',
    3,
    ({ history }) => {
      history.at(-1)!.event.vouched = 'x'
    },
  ],
  [
    'an error that is a text',
    'good-dry-cancelled',
    3,
    ({ history }) => {
      history[1]!.event.error = 'x'
    },
  ],
]

function exitsOfSecond(tars: Buffer[]): string[] {
  const files = tars.map((tar, at) => {
    const file = join(folder, `${at}.tar`)
    writeFileSync(file, tar)
    return file
  })
  const program = resolve(import.meta.dirname, '../../docs/verify.py')
  const driver = join(import.meta.dirname, 'run_verifier.py')
  const answers = execFileSync('python3', [driver, program], {
    input: files.map((file) => `${file}\n`).join(''),
  })
  return answers.toString().trim().split('\n')
}

const hasPython = spawnSync('python3', ['--version']).status === 0
const describeWithPython = hasPython ? describeWithKeys : describe.skip

describeWithPython('both verifiers (needs python3)', () => {
  test('answer alike where they once differed', async () => {
    const tars = await Promise.all(
      FOUND.map(([, draft, , change]) => changeBundle(tarOfVector({ file: `${draft}.tar.gz` }), change)),
    )
    const ours = await Promise.all(tars.map(async (tar) => (await exitOfOurs(tar)).exit))
    const theirs = exitsOfSecond(tars)
    const rows = FOUND.map(([name], at) => [name, ours[at], theirs[at]])
    expect(rows).toEqual(FOUND.map(([name, , exit]) => [name, exit, String(exit)]))
  })

  test('answer alike for bundles with an odd value', { timeout: 1_800_000 }, async () => {
    const drafts = DRAFTS.map((name) => [name, tarOfVector({ file: `${name}.tar.gz` })] as const)
    const made: { name: string; exit: number; why: string | null; tar: Buffer }[] = []
    for (let seed = FROM; seed < FROM + SEEDS; seed += 1) {
      const [draft, good] = drafts[seed % drafts.length]!
      const tar = await mutateBundle(good, seed)
      if (tar !== null) made.push({ name: `${draft} ${seed}`, tar, ...(await exitOfOurs(tar)) })
    }
    const theirs = exitsOfSecond(made.map(({ tar }) => tar))
    expect(theirs).toHaveLength(made.length)
    const differ = made.flatMap(({ name, exit, why }, at) =>
      String(exit) === theirs[at] ? [] : [`${name}: ours ${exit} (${why}), the second ${theirs[at]}`],
    )
    expect(differ).toEqual([])
    // The odd values are not all refused: what holds with them is compared as well.
    expect(made.filter(({ exit }) => exit === 3).length).toBeGreaterThan(10)
  })
})
