import { spawnSync } from 'node:child_process'
import {
  appendFileSync,
  copyFileSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  fromBase64,
  preimage,
  publicKeyBlob,
  readPublicKey,
  wrapSignature,
} from '../../src/http/page/passkey/sshsig.ts'
import { exportRunBundle } from '../../src/service/runs/export.ts'
import { verifyBundleFile } from '../../src/service/verify.ts'
import {
  addAuthenticator,
  type Browser,
  chromiumFile,
  expectAccessible,
  freePort,
  openBrowser,
  type Reader,
} from '../support/browser.ts'
import { aService, type HttpService } from '../support/http-service.ts'
import { makeSecurityKey, type SecurityKey } from '../support/security-keys.ts'

const EXAMPLE = resolve(import.meta.dirname, '../examples/rotate-keys.ts')
const [ALICE, BOB, SOFT] = ['alice@example.org', 'bob@example.org', 'soft@example.org']
const NAMESPACE = 'cutter.rotate-keys.SG1'

describe.skipIf(chromiumFile === null)('a passkey in Chromium', () => {
  let at: HttpService
  let origin: string
  let browser: Browser
  let alice: Reader
  let bob: Reader
  let operator: string
  let soft: SecurityKey
  const inHome = (name: string) => join(at.home.folder, name)
  const folder = mkdtempSync(join(tmpdir(), 'cutter-passkey-'))

  beforeAll(async () => {
    const port = await freePort()
    origin = `http://localhost:${port}`
    const policy = `{ need: 2, verification: required, origins: ['${origin}'] }`
    at = await aService(
      `machines: { rotate-keys: ./rotate-keys.ts }\nexecution: { allowLive: true }\napprovals: { policy: { rotate-keys.SG1: ${policy} } }\n`,
      { port },
    )
    copyFileSync(EXAMPLE, inHome('rotate-keys.ts'))
    soft = makeSecurityKey('ecdsa', 'localhost')
    writeFileSync(inHome('allowed_signers'), `${SOFT} ${soft.publicKey}\n`, { mode: 0o600 })
    operator = await at.token({ name: 'olga', role: 'operator' })
    await at.post('/api/v1/execution/enable', await at.token({ name: 'ann', role: 'admin' }), {
      for: '1h',
      reason: 'a test',
    })
    browser = await openBrowser()
    const enrolled = async (name: string) => {
      const reader = await browser.reader(origin)
      await addAuthenticator(reader)
      await reader.page.goto(`/keys#token=${operator}`)
      await reader.page.getByLabel('Your name in allowed_signers').fill(name)
      await reader.page.getByRole('button', { name: 'Make a passkey for localhost' }).click()
      const line = await reader.page.locator('pre').textContent()
      return { reader, line: line! }
    }
    const before = readFileSync(inHome('allowed_signers'), 'utf8')
    const made = [await enrolled(ALICE!), await enrolled(BOB!)]
    // The page has written nothing: the owner of the file does.
    expect(readFileSync(inHome('allowed_signers'), 'utf8')).toBe(before)
    for (const { line } of made) appendFileSync(inHome('allowed_signers'), `${line}\n`)
    alice = made[0]!.reader
    bob = made[1]!.reader
  })
  afterAll(async () => {
    await browser?.close()
    await at?.remove()
    rmSync(folder, { recursive: true, force: true })
  })

  /** Starts a live run that waits at its gate. */
  async function start(): Promise<string> {
    writeFileSync(inHome('key'), 'the first key\n')
    const body = { machine: 'rotate-keys', input: { file: inHome('key') }, mode: 'live' }
    const { json } = await at.post('/api/v1/runs', operator, body)
    expect(json).toMatchObject({ status: 'paused', mode: 'live' })
    return json.runId
  }

  const statementOf = async (runId: string, as: string) =>
    (await at.post(`/api/v1/runs/${runId}/statement`, operator, { as, decision: 'approve' })).text

  const bring = (statement: string, signature: string) =>
    at.post('/api/v1/approvals', operator, { statement, signature })

  /** Opens the gate and decides there as a person does. */
  async function approve({ page }: Reader, runId: string, as: string) {
    await page.goto(`/runs/${runId}/gate`)
    await page.getByRole('button', { name: 'Approve…' }).click()
    await page.getByLabel('Who decides').fill(as)
    await page.getByRole('button', { name: 'Show what is signed' }).click()
    await page.getByRole('button', { name: 'Approve with a passkey' }).click()
    return page.locator('.decide .notice')
  }

  /** Asks Alice's passkey to sign on a page of any origin, and wraps what it answers. */
  async function signOn({ page }: Reader, statement: string, namespace = NAMESPACE): Promise<string> {
    const line = readFileSync(inHome('allowed_signers'), 'utf8')
      .split('\n')
      .find((one) => one.startsWith(ALICE!))!
    const key = readPublicKey(line.split(' ').slice(-2).join(' '))!
    const challenge = [...(await preimage(namespace, statement))]
    // As text, because it runs in the browser.
    const answer = (await page.evaluate(`(async () => {
      const { response } = await navigator.credentials.get({
        publicKey: { challenge: new Uint8Array([${challenge}]), rpId: 'localhost', userVerification: 'required' },
      })
      const text = (part) => btoa(String.fromCharCode(...new Uint8Array(part)))
      return [response.signature, response.authenticatorData, response.clientDataJSON].map(text)
    })()`)) as string[]
    const [signature, authenticatorData, clientData] = answer.map(fromBase64)
    return wrapSignature(publicKeyBlob(key.point, key.rpId), namespace, {
      signature: signature!,
      authenticatorData: authenticatorData!,
      clientData: clientData!,
    })
  }

  test('approves with a second person, and OpenSSH alone judges, also in the evidence bundle', async () => {
    const runId = await start()
    const first = await approve(alice, runId, ALICE!)
    await expect.poll(() => first.textContent()).toMatch(/^Kept \(.*and it counts\./)
    await expectAccessible(alice, 'the gate')
    const second = await approve(bob, runId, BOB!)
    await expect.poll(() => second.textContent()).toContain('The run closed: succeeded.')
    // Chromium warns of the one algorithm that OpenSSH verifies.
    const faults = [...alice.faults, ...bob.faults].filter((fault) => !fault.includes('pubKeyCredParams'))
    expect(faults).toEqual([])

    const { json: approvals } = await at.get(`/api/v1/approvals?run=${runId}`, operator)
    for (const { approvalId, approver } of approvals) {
      const { json } = await at.get(`/api/v1/approvals/${approvalId}`, operator)
      expect(json.signature).not.toBe(null)
      writeFileSync(join(folder, 'sig'), json.signature)
      const judge = (text: string) =>
        spawnSync(
          'ssh-keygen',
          [
            '-Y',
            'verify',
            '-f',
            inHome('allowed_signers'),
            '-I',
            approver,
            '-n',
            NAMESPACE,
            '-s',
            join(folder, 'sig'),
          ],
          { input: text, encoding: 'utf8' },
        )
      expect(judge(json.statementText).stdout).toContain('Good')
      expect(judge(`${json.statementText} `).status).not.toBe(0)
    }
    const bundle = join(folder, 'run.tar')
    await exportRunBundle(at.home, { run: runId, out: async (file) => copyFileSync(file, bundle) })
    const verdict = await verifyBundleFile({
      bundle,
      signers: inHome('allowed_signers'),
      origins: [origin],
      requiredGates: ['SG1'],
    })
    expect(verdict).toMatchObject({ holds: true, unmet: [] })
    expect(existsSync(bundle)).toBe(true)
  })

  test('does not approve a statement that was changed, or another gate', async () => {
    const runId = await start()
    await alice.page.goto('/')
    const statement = await statementOf(runId, ALICE!)
    const signature = await signOn(alice, statement)
    const changed = statement.replace('"approve"', '"reject"')
    expect(changed).not.toBe(statement)
    expect((await bring(changed, signature)).json).toMatchObject({ code: 'APPROVAL_REFUSED' })
    const other = await signOn(alice, statement, 'cutter.rotate-keys.SG2')
    expect((await bring(statement, other)).json).toMatchObject({ code: 'APPROVAL_REFUSED' })
    expect((await bring(statement, signature)).status).toBe(201)
  })

  test('does not approve from a page of another origin', async () => {
    const runId = await start()
    // The same passkey: an RP id counts for all ports of a host.
    const elsewhere = 'http://localhost:9/'
    const empty = { contentType: 'text/html', body: '<!doctype html><title>elsewhere</title>' }
    await alice.page.route(elsewhere, (route) => route.fulfill(empty))
    await alice.page.goto(elsewhere)
    const statement = await statementOf(runId, ALICE!)
    const { json } = await bring(statement, await signOn(alice, statement))
    expect(json.reason ?? json.warning?.reason).toBe('ORIGIN_NOT_ALLOWED')
  })

  test('does not approve without a person: flags 0x00', async () => {
    const runId = await start()
    const reasonFor = async (flags: number) => {
      const statement = await statementOf(runId, SOFT!)
      const { json } = await bring(statement, soft.sign(statement, NAMESPACE, { flags, origin }))
      return json.reason ?? json.warning?.reason
    }
    expect(await reasonFor(0x00)).toBe('USER_NOT_PRESENT')
    expect(await reasonFor(0x01)).toBe('USER_NOT_VERIFIED')
    expect(await reasonFor(0x05)).toBe('NOT_ENOUGH_APPROVERS')
  })

  test('does not approve twice: neither the same run again nor another one', async () => {
    const [one, two] = [await start(), await start()]
    await alice.page.goto('/')
    const statement = await statementOf(one, ALICE!)
    const signature = await signOn(alice, statement)
    const again = statement.replaceAll(one, two)
    expect((await bring(again, signature)).json).toMatchObject({ code: 'APPROVAL_REFUSED' })
    const { json: kept } = await bring(statement, signature)
    expect((await bring(statement, signature)).json.approvalId).toBe(kept.approvalId)
    const { json } = await at.post(`/api/v1/runs/${two}/resume`, operator, { approval: kept.approvalId })
    expect(json).toMatchObject({ code: 'APPROVAL_REFUSED' })
  })
})
