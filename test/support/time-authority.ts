import { execFile, execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

/** A time-stamping authority of RFC 3161 on loopback: openssl makes its tokens, with a certificate of an authority of its own. */
export interface TimeAuthority {
  url: string
  /** The file of the certificate that a checker trusts. */
  ca: string
  /** How it answers: with a token, with an earlier one, with another status, or never. */
  mode: 'tokens' | 'replays' | 'fails' | 'is silent'
  /** How many requests came. */
  asked: number
  close(): Promise<void>
}

const SETTINGS = `
[tsa_cert]
extendedKeyUsage = critical, timeStamping
[tsa]
default_tsa = ours
[ours]
serial = serial
signer_cert = tsa.pem
signer_key = tsa.key
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256
ess_cert_id_alg = sha256
`

/** Starts an authority. Its name is the subject of its certificate. */
export async function aTimeAuthority(name = 'Time of tests'): Promise<TimeAuthority> {
  const folder = mkdtempSync(join(tmpdir(), 'cutter-tsa-'))
  const openssl = (...args: string[]) => execFileSync('openssl', args, { cwd: folder, stdio: 'pipe' })
  writeFileSync(join(folder, 'tsa.cnf'), SETTINGS)
  writeFileSync(join(folder, 'serial'), '01\n')
  const newKey = ['req', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']
  openssl(...newKey, '-x509', '-keyout', 'ca.key', '-out', 'ca.pem', '-subj', `/CN=Root of ${name}`)
  openssl(...newKey, '-keyout', 'tsa.key', '-out', 'tsa.csr', '-subj', `/CN=${name}`)
  const by = ['-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial', '-days', '30']
  openssl(
    'x509',
    '-req',
    '-in',
    'tsa.csr',
    ...by,
    '-extfile',
    'tsa.cnf',
    '-extensions',
    'tsa_cert',
    '-out',
    'tsa.pem',
  )

  let earlier: Buffer | null = null
  let count = 0
  // One after the other, because openssl counts in a file.
  let last: Promise<unknown> = Promise.resolve()
  const reply = async (query: Buffer): Promise<Buffer> => {
    const number = ++count
    writeFileSync(join(folder, `${number}.tsq`), query)
    const args = [
      'ts',
      '-reply',
      '-queryfile',
      `${number}.tsq`,
      '-config',
      'tsa.cnf',
      '-out',
      `${number}.tsr`,
    ]
    await promisify(execFile)('openssl', args, { cwd: folder })
    return readFileSync(join(folder, `${number}.tsr`))
  }
  const server = createServer((request, response) => {
    const parts: Buffer[] = []
    request.on('data', (part: Buffer) => parts.push(part))
    request.on('end', () => {
      authority.asked++
      if (authority.mode === 'is silent') return
      if (authority.mode === 'fails') return void response.writeHead(503).end()
      const made =
        authority.mode === 'replays'
          ? Promise.resolve(earlier!)
          : last.then(() => reply(Buffer.concat(parts)))
      last = made.then(
        (bytes) => {
          earlier = bytes
          response.writeHead(200, { 'content-type': 'application/timestamp-reply' }).end(bytes)
        },
        () => response.writeHead(400).end(),
      )
    })
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  const authority: TimeAuthority = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/tsr`,
    ca: join(folder, 'ca.pem'),
    mode: 'tokens',
    asked: 0,
    async close() {
      server.closeAllConnections()
      await new Promise((done) => server.close(done))
      rmSync(folder, { recursive: true, force: true })
    },
  }
  return authority
}
