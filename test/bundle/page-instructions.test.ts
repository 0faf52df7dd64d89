import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parseStatement } from '../../src/approvals/statement.ts'
import { RELEASES } from '../../src/builtin/released-definitions.ts'
import { addCountersignature } from '../../src/bundle/countersign-closeout.ts'
import type { Run } from '../../src/domain/run.ts'
import { composeStatementText, importApproval } from '../../src/engine/manage-approvals.ts'
import { removeFolders } from '../store/store-folders.ts'
import { makeSecurityKey, type SecurityKeySignature } from '../support/security-keys.ts'
import { describeWithKeys } from '../support/ssh-keys.ts'
import { abandoned } from './abandoned-runs.ts'
import { ALICE, aBundleMaker, type Bundles, bundleOf, filesIn, recordIn } from './bundle-fixture.ts'
import { alter, forge } from './forge-bundle.ts'
import { ORIGIN, passkeyBundles } from './passkey-bundle.ts'
import { runInstructions } from './run-instructions.ts'

/** The wording of VERIFY.md for approvals that a passkey signed on a web page. */

let at: Bundles
let signers: string
let signedOn: Awaited<ReturnType<typeof passkeyBundles>>['signedOn']
const passkey = makeSecurityKey('ecdsa', 'cutter.example.org')

beforeAll(async () => {
  at = await aBundleMaker({ origins: [ORIGIN], definitionDigest: RELEASES.at(-1)!.definitions.cut! })
  const made = await passkeyBundles(at)
  signedOn = made.signedOn
  signers = made.signers
  const lines = readFileSync(at.keys.path('allowed_signers'), 'utf8')
  at.keys.file('allowed_signers', `${lines}${ALICE} ${passkey.publicKey}\n`)
})
afterAll(async () => {
  await at.remove()
  removeFolders()
})

const checked = (tar: Buffer, origins = `${ORIGIN}\n`, file = signers) =>
  runInstructions(tar, { allowed_signers: readFileSync(file), origins }, ['base64', 'od', 'tr'])

/** Brings a run past its gate by the passkey. */
async function approve(run: Run): Promise<Run> {
  const { parts, engine } = at.world
  const how = { as: ALICE, decision: 'approve', reason: 'read' } as const
  const text = await composeStatementText(parts, run.runId, how)
  const { gate } = parseStatement(text)
  const { approval } = await importApproval(
    parts,
    text,
    passkey.sign(text, `cutter.cut.${gate}`, { origin: ORIGIN }),
  )
  return engine.resume(run.runId, { approvalId: approval.approvalId })
}

describeWithKeys('VERIFY.md of a run that a passkey approved', () => {
  test('has commands that check the page, the touch and the signature', async () => {
    const { status, stdout, stderr } = await checked(await signedOn(ORIGIN, { flags: 5 }))
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
    expect(stdout).toContain(`.sig: signed on a page of ${ORIGIN} by somebody who gave their PIN or finger`)
    expect(stdout).toMatch(/DONE\n$/)
  })

  test.each<[string, SecurityKeySignature & { origins?: string }, string]>([
    ['for which nobody touched the authenticator', { flags: 0 }, 'nobody touched the authenticator'],
    [
      'of a page that the checker does not list',
      { origins: 'https://other.example.org\n' },
      'a page that is not in your list',
    ],
    ['of any page, with an empty list', { origins: '' }, 'a page that is not in your list'],
    [
      'of a page whose name begins alike',
      { origins: `${ORIGIN}.evil.example\n` },
      'a page that is not in your list',
    ],
    ['of a page inside another page', { clientDataEnd: ',"crossOrigin":true' }, 'a page inside another page'],
    [
      'of a page inside another page that is named',
      { clientDataEnd: ',"crossOrigin":true,"topOrigin":"https://evil.example.org"' },
      'a page inside another page',
    ],
  ])('stops at a signature %s', async (_, { origins, ...use }, stops) => {
    const { status, stdout } = await checked(await signedOn(ORIGIN, use), origins)
    expect(stdout).toContain(stops)
    expect(stdout).not.toContain('DONE')
    expect(status).toBe(1)
  })

  test.each<[string, SecurityKeySignature & { origins?: string }]>([
    ['with extension data', { flags: 0x81, extensions: Buffer.from([0xa0]) }],
    ['of a browser that names no frames', { clientDataEnd: '' }],
    [
      'of a browser that adds fields',
      { clientDataEnd: ',"crossOrigin":false,"other_keys_can_be_added_here":"x"' },
    ],
    [
      'of one of several pages, the last without a line end',
      { origins: `https://other.example.org\n\n${ORIGIN}` },
    ],
  ])('takes a signature %s', async (_, { origins, ...use }) => {
    const { status, stdout } = await checked(await signedOn(ORIGIN, use), origins)
    expect({ status, end: stdout.slice(-5) }).toEqual({ status: 0, end: 'DONE\n' })
  })

  test('shows a planted origin as characters, in one line', async () => {
    const planted = 'https://x\n```\n# Trusted by alice\u200b'
    const text = Buffer.from((await filesIn(await signedOn(planted))).get('VERIFY.md')!).toString()
    expect(text).toContain(
      'on a page of `https://x\\u{a}\\u{60}\\u{60}\\u{60}\\u{a}# Trusted by alice\\u{200b}`.',
    )
    expect(text).not.toMatch(/^# Trusted/m)
  })

  test('is not needed for other keys, and the wording of earlier versions stays for passkeys', async () => {
    const tars = [await at.exported(await at.closed('live')), await signedOn(ORIGIN, { wording: 1 })]
    for (const tar of tars) {
      expect((await recordIn(tar)).instructions).toBe(1)
      expect((await at.verify(tar)).firstFault?.code).not.toBe('VERIFY_TEXT_DIFFERS')
      expect(Buffer.from((await filesIn(tar)).get('VERIFY.md')!).toString()).not.toContain('passkey')
    }
  })
})

const hasPython = spawnSync('python3', ['--version']).status === 0
const folder = mkdtempSync(join(tmpdir(), 'cutter-pages-'))
afterAll(() => rmSync(folder, { recursive: true }))

/** The exit code of docs/verify.py and what it answers. */
function second(tar: Buffer): { exit: number | null; answer: string } {
  writeFileSync(join(folder, 'bundle.tar'), tar)
  const program = resolve(import.meta.dirname, '../../docs/verify.py')
  const { status, stdout } = spawnSync('python3', [program, join(folder, 'bundle.tar'), '--integrity-only'], {
    encoding: 'utf8',
  })
  return { exit: status, answer: stdout }
}

const describeWithPython = hasPython ? describeWithKeys : describe.skip

describeWithPython('both verifiers (needs python3)', () => {
  const unsealed = (tar: Buffer) => forge(tar, (record) => void Object.assign(record, { closeout: null }))

  test('take each form of that VERIFY.md: open, closed, countersigned, without a closeout, abandoned', async () => {
    const waiting = await approve(await at.started('live'))
    const open = await at.exported(waiting)
    const closed = await approve(waiting)
    const sealed = await at.exported(closed)
    const countersign = async (run: Run) => {
      const trust = { allowedSigners: at.keys.path('allowed_signers') }
      await addCountersignature(at.sealing, run, { as: ALICE, keyFile: at.keys.path('alice'), trust })
      return at.exported(run)
    }
    const countersigned = await countersign(closed)
    const left = await abandoned(at, await approve(await at.started('live')))
    const abandonedTar = await at.exported(left)
    const tars = {
      open,
      sealed,
      unsealed: await unsealed(sealed),
      countersigned,
      abandoned: abandonedTar,
      'abandoned, unsealed': await unsealed(abandonedTar),
      'abandoned, countersigned': await countersign(left),
    }
    for (const [name, tar] of Object.entries(tars)) {
      expect((await recordIn(tar)).instructions, name).toBe(2)
      expect((await at.verify(tar)).firstFault, name).toBeNull()
      expect(second(tar), name).toMatchObject({ exit: 0 })
    }
    const { status, stderr } = await checked(sealed, `${ORIGIN}\n`, at.keys.path('allowed_signers'))
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
  })

  test('refuse a wording that does not fit', async () => {
    const page = await signedOn(ORIGIN)
    const plain = await at.exported(await at.closed('live'))
    const text = Buffer.from((await filesIn(page)).get('VERIFY.md')!)
    const numbered = async (tar: Buffer, instructions: unknown) => {
      const record = await recordIn(tar)
      return bundleOf({ ...record, instructions: instructions as never }, tar)
    }
    const tars = {
      'a command that checks nothing': await alter(page, (files) => {
        files.set('VERIFY.md', Buffer.from(text.toString().replace('= 1 ] ||', '= 1 ] || true ||')))
      }),
      'another page': await alter(page, (files) => {
        files.set(
          'VERIFY.md',
          Buffer.from(text.toString().replace(`on a page of \`${ORIGIN}`, 'on a page of `https://x')),
        )
      }),
      'the number of the earlier wording': await alter(page, (files) => {
        const run = Buffer.from(files.get('run.json')!).toString()
        files.set('run.json', Buffer.from(run.replace('"instructions":2', '"instructions":1')))
      }),
      'a run without a passkey': await numbered(plain, 2),
      'an unknown number': await numbered(page, 3),
      'a text as number': await numbered(page, '2'),
      'a yes as number': await numbered(page, true),
    }
    for (const [name, tar] of Object.entries(tars)) {
      expect((await at.verify(tar)).holds, name).toBe(false)
      expect(second(tar).exit, name).toBe(1)
    }
  })
})
