import { spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { RELEASES } from '../../src/builtin/released-definitions.ts'
import { findRequiredGates } from '../../src/builtin/required-gates.ts'
import { verifyBundle } from '../../src/bundle/verify-bundle.ts'
import { exitOfVerdict } from '../../src/cli/exit-codes.ts'
import { aBundleMaker, type Bundles, recordIn } from '../bundle/bundle-fixture.ts'
import { removeFolders } from '../store/store-folders.ts'
import { describeWithKeys } from '../support/ssh-keys.ts'
import { approvalForgeries } from './forgeries/approvals.ts'
import { archiveForgeries } from './forgeries/archives.ts'
import type { Forgery, Good } from './forgeries/forgery.ts'
import { keyForgeries } from './forgeries/keys.ts'
import { nameForgeries } from './forgeries/names.ts'
import { policyForgeries } from './forgeries/policies.ts'
import { signerForgeries } from './forgeries/signers.ts'
import { textForgeries } from './forgeries/texts.ts'

/** Forged bundles and unusual files of checkers: both verifiers give the exit code that stands with each. */

const hasPython = spawnSync('python3', ['--version']).status === 0

describeWithKeys('forged bundles', () => {
  const folder = mkdtempSync(join(tmpdir(), 'cutter-forgeries-'))
  let at: Bundles
  let quorum: Bundles
  let trusting: string
  let good: Good
  beforeAll(async () => {
    const definitionDigest = RELEASES.at(-1)!.definitions.cut!
    at = await aBundleMaker({ definitionDigest })
    quorum = await aBundleMaker({ definitionDigest, need: 2 })
    at.keys.key('mallory')
    quorum.keys.key('authority')
    const run = await at.closed('live')
    trusting = readFileSync(await at.trustingInstance(run), 'utf8')
    const tar = await at.exported(run)
    const two = await quorum.exported(await quorum.closed('live'))
    const { publicKey } = (await recordIn(tar)).closeout!.instance
    good = { at, tar, quorum: { at: quorum, tar: two }, instance: publicKey.split(' ').slice(0, 2).join(' ') }
  })
  afterAll(async () => {
    await at.remove()
    await quorum.remove()
    rmSync(folder, { recursive: true })
    removeFolders()
  })

  const groups: [string, (good: Good) => Promise<Forgery[]> | Forgery[]][] = [
    ['names that mislead', nameForgeries],
    ['approvals that are for something else', approvalForgeries],
    ['signatures of security keys', keyForgeries],
    ['files of signers and of revoked keys', signerForgeries],
    ['files in another form', textForgeries],
    ['archives in another form', archiveForgeries],
    ['policies in another form', policyForgeries],
  ]
  test.runIf(hasPython).each(groups)(
    'get the same answer from both verifiers: %s (needs python3)',
    { timeout: 600_000 },
    async (_, make) => {
      const rows = await make(good)
      const files = rows.map(({ tar, signers = trusting, revoked }, index) => {
        const put = (name: string, content: string | Buffer) => {
          const file = join(folder, `${index}.${name}`)
          writeFileSync(file, content)
          return file
        }
        return {
          tar: put('tar', tar),
          signers: signers === null ? null : put('signers', signers),
          revoked: revoked === undefined ? null : put('revoked', revoked),
        }
      })
      const second = exitsOfSecond(rows.map(({ args = [] }, index) => argumentsOf(files[index]!, args)))
      const answers: string[] = []
      for (const [index, row] of rows.entries())
        answers.push(`${row.name}: ${await exitOfOurs(row, files[index]!)}, ${(await second)[index]}`)
      expect(answers).toEqual(rows.map(({ name, exit }) => `${name}: ${exit}, ${exit}`))
    },
  )
})

interface CheckerFiles {
  tar: string
  signers: string | null
  revoked: string | null
}

async function exitOfOurs({ tar, args = [] }: Forgery, { signers, revoked }: CheckerFiles): Promise<number> {
  const verdict = await verifyBundle(tar, {
    trust: { signers, revoked },
    requirements: { gates: [], trusted: args.includes('--require-trusted'), origins: null },
    findRequiredGates,
  })
  return exitOfVerdict(verdict, { withSigners: signers !== null, integrityOnly: false })
}

const argumentsOf = ({ tar, signers, revoked }: CheckerFiles, args: string[]) => [
  tar,
  ...(signers === null ? [] : ['--signers', signers]),
  ...(revoked === null ? [] : ['--revoked', revoked]),
  ...args,
]

/** The exit codes of docs/verify.py, one for each list of arguments. */
async function exitsOfSecond(lists: string[][]): Promise<string[]> {
  const program = resolve(import.meta.dirname, '../../docs/verify.py')
  const child = spawn('python3', [join(import.meta.dirname, 'run_verifier.py'), program])
  child.stdin.end(lists.map((list) => `${list.join('\t')}\n`).join(''))
  return (await text(child.stdout)).trim().split('\n')
}
