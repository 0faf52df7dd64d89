import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { request } from 'node:https'
import { join } from 'node:path'
import { connect } from 'node:tls'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { aCutterHome, type CutterHome } from '../support/cli.ts'
import { type ServingProgram, serve } from '../support/serving-program.ts'

/** The built program behind TLS of its own, with a certificate that openssl made. */

let at: CutterHome
let service: ServingProgram
let token: string

beforeAll(async () => {
  at = aCutterHome('tls: { key: ./key.pem, cert: ./cert.pem }\n')
  const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost']
  const files = ['-keyout', at.path('key.pem'), '-out', at.path('cert.pem')]
  const kind = ['-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2']
  execFileSync('openssl', ['req', ...kind, ...files, ...subject], { stdio: 'ignore' })
  service = await serve(at)
  const made = await at.cutter(['token', 'create', '--role', 'viewer', '--name', 'ann', '--json'])
  token = JSON.parse(made.stdout).token
}, 60_000)
afterAll(async () => {
  await service?.end('SIGTERM')
  await at.remove()
})

const ca = () => readFileSync(at.path('cert.pem'))
const port = () => Number(new URL(service.url).port)

function get(path: string): Promise<{ status: number; text: string }> {
  return new Promise((done, fail) => {
    const headers = { authorization: `Bearer ${token}` }
    request({ host: 'localhost', port: port(), path, ca: ca(), headers }, (response) => {
      let text = ''
      response.setEncoding('utf8').on('data', (part) => {
        text += part
      })
      response.on('end', () => done({ status: response.statusCode!, text }))
    })
      .on('error', fail)
      .end()
  })
}

test('the service prints an address of https and answers there', async () => {
  expect(service.url).toMatch(/^https:\/\//)
  expect(await get('/api/v1/machines')).toMatchObject({ status: 200 })
})

test('a client without TLS, and one of TLS 1.1, get nothing', async () => {
  await expect(fetch(service.url.replace('https:', 'http:'))).rejects.toThrow()
  const why = await new Promise((done) => {
    const options = {
      host: 'localhost',
      port: port(),
      ca: ca(),
      minVersion: 'TLSv1',
      maxVersion: 'TLSv1.1',
    } as const
    connect(options)
      .on('error', done)
      .on('secureConnect', () => done(null))
  })
  expect(why).toBeInstanceOf(Error)
})

test('a command goes there by CUTTER_URL, and refuses a certificate that nobody vouches for', async () => {
  const away = aCutterHome()
  try {
    const env = { CUTTER_URL: `https://localhost:${port()}`, CUTTER_TOKEN: token }
    const refused = await away.cutter(['run', 'list', '--json'], { env })
    expect(refused.code).not.toBe(0)
    const trusting = { ...env, NODE_EXTRA_CA_CERTS: join(at.home, 'cert.pem') }
    const listed = await away.cutter(['run', 'list', '--json'], { env: trusting })
    expect([listed.code, JSON.parse(listed.stdout)]).toEqual([0, []])
  } finally {
    await away.remove()
  }
})
