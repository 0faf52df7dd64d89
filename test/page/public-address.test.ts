import { execFileSync } from 'node:child_process'
import { createHash, X509Certificate } from 'node:crypto'
import { appendFileSync, copyFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { request } from 'node:http'
import { createServer, type Server } from 'node:https'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  addAuthenticator,
  type Browser,
  chromiumFile,
  freePort,
  openBrowser,
  type Reader,
} from '../support/browser.ts'
import { aCutterHome, type CutterHome, jsonOf } from '../support/cli.ts'
import { type ServingProgram, serve } from '../support/serving-program.ts'

/**
 * The page at a public name behind TLS, once with TLS of the service itself and once with that of a proxy in front. The browser resolves the name to
 * this computer, and trusts the certificate by its key.
 */

const EXAMPLE = resolve(import.meta.dirname, '../examples/rotate-keys.ts')
const [NAME, RP_ID, ALICE] = ['cutter.example.test', 'example.test', 'alice@example.org']

const folder = mkdtempSync(join(tmpdir(), 'cutter-public-'))
const [keyFile, certFile] = [join(folder, 'key.pem'), join(folder, 'cert.pem')]

function makeCertificate(): string {
  const kind = ['-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2']
  const subject = ['-subj', `/CN=${NAME}`, '-addext', `subjectAltName=DNS:${NAME}`]
  execFileSync('openssl', ['req', ...kind, '-keyout', keyFile, '-out', certFile, ...subject], {
    stdio: 'ignore',
  })
  const spki = new X509Certificate(readFileSync(certFile)).publicKey.export({ type: 'spki', format: 'der' })
  return createHash('sha256').update(spki).digest('base64')
}

/** A proxy that speaks TLS and passes everything on, as one of a web server does. */
function aProxy(port: number, service: () => string): Promise<Server> {
  const options = { key: readFileSync(keyFile), cert: readFileSync(certFile) }
  const server = createServer(options, (incoming, outgoing) => {
    const { hostname, port: to } = new URL(service())
    const headers = { ...incoming.headers, 'x-forwarded-for': incoming.socket.remoteAddress ?? '' }
    const { method, url: path } = incoming
    const passed = request({ hostname, port: to, method, path, headers }, (answer) => {
      outgoing.writeHead(answer.statusCode!, answer.headers)
      answer.pipe(outgoing)
    })
    passed.on('error', () => outgoing.destroy())
    outgoing.on('close', () => passed.destroy())
    incoming.pipe(passed)
  })
  return new Promise((done) => server.listen(port, '127.0.0.1', () => done(server)))
}

describe.skipIf(chromiumFile === null).each(['of the service', 'of a proxy'])(
  'the page behind TLS %s',
  (tls) => {
    let at: CutterHome
    let service: ServingProgram
    let proxy: Server | null = null
    let browser: Browser
    let alice: Reader
    let origin: string
    let operator: string

    beforeAll(async () => {
      const spki = makeCertificate()
      const port = await freePort()
      origin = `https://${NAME}:${port}`
      const isOwn = tls === 'of the service'
      const policy = `{ verification: required, origins: ['${origin}'], rpIds: [${RP_ID}] }`
      at = aCutterHome(
        [
          'machines: { rotate-keys: ./rotate-keys.ts }',
          'execution: { allowLive: true }',
          `approvals: { policy: { rotate-keys.SG1: ${policy} } }`,
          `names: [${NAME}]`,
          ...(isOwn ? [`tls: { key: ${keyFile}, cert: ${certFile} }`] : ['proxy: { hops: 1 }']),
          '',
        ].join('\n'),
      )
      copyFileSync(EXAMPLE, at.path('rotate-keys.ts'))
      at.file('allowed_signers', '# nobody yet\n')
      at.file('service.key', 'a key\n')
      service = await serve(at, isOwn ? ['--port', String(port)] : [])
      if (!isOwn) proxy = await aProxy(port, () => service.url)
      await at.cutter(['execution', 'enable', '--for', '2h', '--reason', 'a test'])
      const made = ['token', 'create', '--role', 'admin', '--name', 'olga', '--json']
      operator = JSON.parse((await at.cutter(made)).stdout).token
      browser = await openBrowser([
        `--host-resolver-rules=MAP ${NAME} 127.0.0.1`,
        `--ignore-certificate-errors-spki-list=${spki}`,
      ])
      alice = await browser.reader(origin)
      await addAuthenticator(alice)
    }, 120_000)
    afterAll(async () => {
      await browser?.close()
      proxy?.closeAllConnections()
      proxy?.close()
      await service?.end('SIGTERM')
      await at?.remove()
    })

    test('signs in with a cookie that no script reads and no plain connection carries', async () => {
      await alice.page.goto(`/keys#token=${operator}`)
      await alice.page.getByLabel('Your name in allowed_signers').waitFor()
      const cookies = await alice.context.cookies(`${origin}/api/v1/runs`)
      expect(cookies).toHaveLength(1)
      expect(cookies[0]).toMatchObject({ secure: true, httpOnly: true, sameSite: 'Strict', domain: NAME })
    })

    test('makes a passkey for the RP id of the policy, which approves a live run there', async () => {
      const { page } = alice
      await page.getByLabel('Your name in allowed_signers').fill(ALICE)
      await page.getByRole('button', { name: `Make a passkey for ${RP_ID}` }).click()
      const line = await page.locator('pre').textContent()
      appendFileSync(at.path('allowed_signers'), `${line}\n`)
      const started = ['run', 'start', 'rotate-keys', '--file', 'service.key', '--mode', 'live', '--json']
      const { runId } = jsonOf(await at.cutter(started))
      await page.goto(`/runs/${runId}/gate`)
      await page.getByRole('button', { name: 'Approve…' }).click()
      await page.getByLabel('Who decides').fill(ALICE)
      await page.getByRole('button', { name: 'Show what is signed' }).click()
      await page.getByRole('button', { name: 'Approve with a passkey' }).click()
      const notice = page.locator('.decide .notice')
      await expect
        .poll(() => notice.textContent(), { timeout: 60_000 })
        .toContain('The run closed: succeeded.')
      await at.cutter(['run', 'export', runId, '--out', at.path('run.tar')])
      const verify = [
        'verify',
        at.path('run.tar'),
        '--signers',
        at.path('allowed_signers'),
        '--origins',
        origin,
      ]
      const { stdout, code } = await at.cutter([...verify, '--require', 'SG1'])
      expect({ code, page: stdout.includes(`on a page of ${origin}`) }).toEqual({ code: 0, page: true })
      const faults = alice.faults.filter((fault) => !fault.includes('pubKeyCredParams'))
      expect(faults).toEqual([])
    })

    test('gives read-only links of its own name, and sees what another person does at once', async () => {
      const { page } = alice
      await alice.context.grantPermissions(['clipboard-read', 'clipboard-write'])
      const { runId } = jsonOf(
        await at.cutter(['run', 'start', 'rotate-keys', '--file', 'service.key', '--json']),
      )
      await page.goto(`/runs/${runId}`)
      await page.getByRole('button', { name: 'Read-only link' }).click()
      await page.getByRole('button', { name: 'copy the link' }).first().click()
      const link = (await page.evaluate('navigator.clipboard.readText()')) as string
      expect(link.startsWith(`${origin}/`)).toBe(true)
      const guest = await browser.reader(origin)
      await guest.page.goto(link)
      await guest.page.getByText('This link reads only').waitFor()
      const cancelled = await at.cutter(['run', 'cancel', runId, '--reason', 'nobody needs it', '--json'])
      expect(jsonOf(cancelled).outcome).toBe('cancelled')
      await page.getByText('Closed as cancelled').first().waitFor()
      // The link was one to the gate, which the run has left.
      await guest.page.getByText('was a link to a gate of run').waitFor()
      await guest.close()
    })

    test('answers no name but those of cutter.yaml', async () => {
      const stranger = await openBrowser([
        '--host-resolver-rules=MAP other.example.test 127.0.0.1',
        '--ignore-certificate-errors',
      ])
      const reader = await stranger.reader(origin.replace(NAME, 'other.example.test'))
      const answer = await reader.page.goto('/')
      expect(answer?.status()).toBe(421)
      await stranger.close()
    })
  },
)

afterAll(() => rmSync(folder, { recursive: true, force: true }))
