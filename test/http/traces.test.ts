import { readFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import { createRequire } from 'node:module'
import type { AddressInfo } from 'node:net'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { aCutterHome, type CutterHome, jsonOf } from '../support/cli.ts'
import { serve } from '../support/serving-program.ts'

/** The spans that the built service sends by the real SDK to a receiver of OTLP. */

const require = createRequire(import.meta.url)
const ROOT = resolve(import.meta.dirname, '../..')
const CONFIG = 'machines: { rotate-keys: ./rotate-keys.ts }\n'
const TRACE = '0af7651916cd43dd8448eb211c80319c'

interface Span {
  name: string
  traceId: string
  spanId: string
  parentSpanId?: string
  status: { code?: number }
  facts: { [name: string]: string | number }
}

interface Receiver {
  url: string
  spans: Span[]
  services: Set<string>
  paths: Set<string>
  close(): void
}

interface Attribute {
  key: string
  value: { stringValue?: string; intValue?: number }
}
const factsOf = (attributes: Attribute[]) =>
  Object.fromEntries(attributes.map(({ key, value }) => [key, value.stringValue ?? value.intValue ?? '']))

/** Receives OTLP as JSON, as a collector does. */
async function aReceiver(): Promise<Receiver> {
  const spans: Span[] = []
  const services = new Set<string>()
  const paths = new Set<string>()
  const server: Server = createServer((request, response) => {
    paths.add(request.url ?? '')
    const parts: Buffer[] = []
    request.on('data', (part: Buffer) => parts.push(part))
    request.on('end', () => {
      const { resourceSpans = [] } = JSON.parse(Buffer.concat(parts).toString())
      for (const { resource, scopeSpans } of resourceSpans) {
        services.add(String(factsOf(resource.attributes)['service.name']))
        for (const scope of scopeSpans)
          if (scope.scope.name === 'cutter')
            for (const span of scope.spans) spans.push({ ...span, facts: factsOf(span.attributes) })
      }
      response.setHeader('content-type', 'application/json')
      response.end('{}')
    })
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  const { port } = server.address() as AddressInfo
  return { url: `http://127.0.0.1:${port}`, spans, services, paths, close: () => server.close() }
}

let at: CutterHome
let token: string

beforeAll(async () => {
  at = aCutterHome(CONFIG)
  at.file('rotate-keys.ts', readFileSync(join(ROOT, 'test/examples/rotate-keys.ts'), 'utf8'))
  at.file('secret-name.key', 'a key\n')
  const made = await at.cutter(['token', 'create', '--role', 'operator', '--name', 'deploybot', '--json'])
  token = jsonOf<{ token: string }>(made).token
})
afterAll(() => at.remove())

/** What a collector needs to be set up with. */
const otlp = ({ url }: Receiver) => ({
  OTEL_EXPORTER_OTLP_ENDPOINT: url,
  OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
  OTEL_BSP_SCHEDULE_DELAY: '100',
})

async function start(url: string, file: string): Promise<{ status: number; json: { runId: string } }> {
  const answer = await fetch(`${url}/api/v1/runs`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${token}`,
      'content-type': 'application/json',
      traceparent: `00-${TRACE}-b7ad6b7169203331-01`,
    },
    body: JSON.stringify({ machine: 'rotate-keys', input: { file: at.path(file) } }),
  })
  return { status: answer.status, json: (await answer.json()) as { runId: string } }
}

/** A script that runs in the service before anything else. */
function preload(name: string, text: string): { NODE_OPTIONS: string } {
  return { NODE_OPTIONS: `--require ${at.file(name, text)}` }
}

describe('with OTEL_* set', () => {
  const ofRun = (receiver: Receiver, runId: string) =>
    receiver.spans.filter(({ facts }) => facts['cutter.run.id'] === runId)

  test('a request, its steps and its effects are spans of the caller’s trace, with the id of the run', async () => {
    const receiver = await aReceiver()
    const service = await serve(at, [], otlp(receiver))
    const { json: good } = await start(service.url, 'secret-name.key')
    const { json: bad } = await start(service.url, 'no-such.key')
    await fetch(`${service.url}/api/v1/runs/nothing`, { headers: { authorization: `Bearer ${token}` } })
    expect(await service.end('SIGTERM')).toBe(0)
    receiver.close()
    expect(service.stderr()).toBe('cutter: stopping at a safe point (once more: at once)\n')
    expect([...receiver.services]).toEqual(['cutter'])
    expect([...receiver.paths]).toEqual(['/v1/traces'])

    const spans = ofRun(receiver, good.runId)
    const request = spans.find(({ name }) => name === 'POST /api/v1/runs')!
    expect(request).toMatchObject({ traceId: TRACE, parentSpanId: 'b7ad6b7169203331' })
    expect(request.facts).toEqual({
      'http.request.method': 'POST',
      'http.route': '/api/v1/runs',
      'http.response.status_code': 201,
      'cutter.run.id': good.runId,
    })
    const others = spans.filter((span) => span !== request)
    for (const span of others) expect([span.traceId, span.parentSpanId]).toEqual([TRACE, request.spanId])
    const effects = others.filter(({ name }) => name.startsWith('effect '))
    expect(effects.map(({ name, facts }) => [name, facts['cutter.outcome']])).toContainEqual([
      'effect plan',
      'execute',
    ])
    const steps = others.filter(({ name }) => name === 'step').map(({ facts }) => facts['cutter.seq'])
    const history = jsonOf<{ seq: number }[]>(await at.cutter(['run', 'history', good.runId, '--json']))
    expect(steps).toEqual(history.map(({ seq }) => seq))

    const failed = ofRun(receiver, bad.runId).find(({ name }) => name === 'effect plan')!
    expect(failed.status.code).toBe(2)
    expect(failed.facts['error.type']).toMatch(/^STOP_/)
    expect(receiver.spans.find(({ name }) => name === 'GET /api/v1/runs/{run}')?.facts).toEqual({
      'http.request.method': 'GET',
      'http.route': '/api/v1/runs/{run}',
      'http.response.status_code': 404,
    })
    const all = JSON.stringify(receiver.spans)
    for (const private_ of [token, 'secret-name', at.home, 'deploybot', 'no-such'])
      expect(all.includes(private_), private_).toBe(false)
  })

  test('an SDK that the process was started with makes the spans, and no second one', async () => {
    const receiver = await aReceiver()
    const sdk = JSON.stringify(require.resolve('@opentelemetry/sdk-node'))
    const register = preload(
      'register.cjs',
      `const { NodeSDK } = require(${sdk}); const sdk = new NodeSDK({ serviceName: 'mine' }); sdk.start()\n` +
        `process.once('SIGTERM', () => sdk.shutdown())\n`,
    )
    const service = await serve(at, [], { ...otlp(receiver), ...register })
    const { json } = await start(service.url, 'secret-name.key')
    await expect
      .poll(() => ofRun(receiver, json.runId).filter(({ name }) => name === 'POST /api/v1/runs').length)
      .toBe(1)
    expect(await service.end('SIGTERM')).toBe(0)
    receiver.close()
    expect([...receiver.services]).toEqual(['mine'])
    expect(ofRun(receiver, json.runId).filter(({ name }) => name === 'effect plan')).toHaveLength(1)
  })

  test('a service without the SDK works, and says what is missing', async () => {
    const block = preload(
      'block.cjs',
      `const Module = require('node:module'); const resolve = Module._resolveFilename\n` +
        `Module._resolveFilename = (name, ...more) => { if (name === '@opentelemetry/sdk-node') throw new Error('Cannot find module ' + name); return resolve(name, ...more) }\n`,
    )
    const service = await serve(at, [], { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:9', ...block })
    expect((await start(service.url, 'secret-name.key')).status).toBe(201)
    expect(await service.end('SIGTERM')).toBe(0)
    expect(service.stderr()).toContain('no traces are made, because @opentelemetry/sdk-node can’t be used')
  })

  test('a receiver that is away disturbs nothing', async () => {
    const { packages, code } = await loadedBy({
      OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:9',
      OTEL_BSP_SCHEDULE_DELAY: '100',
    })
    expect(code).toBe(0)
    expect(packages).toContain('@opentelemetry/api')
    expect(packages).toContain('@opentelemetry/sdk-node')
  })
})

/** The packages that a service loads while it starts a run, and the exit code of the service. */
async function loadedBy(env: NodeJS.ProcessEnv): Promise<{ packages: string[]; code: unknown }> {
  const list = at.path('loaded.json')
  const script = `process.on('exit', () => require('node:fs').writeFileSync(${JSON.stringify(list)}, JSON.stringify(Object.keys(require.cache))))`
  const service = await serve(at, [], { ...env, ...preload('loaded.cjs', script) })
  expect((await start(service.url, 'secret-name.key')).status).toBe(201)
  const code = await service.end('SIGTERM')
  const files = JSON.parse(readFileSync(list, 'utf8')) as string[]
  const names = files.map((file) => /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(file)?.[1] ?? '')
  return { packages: [...new Set(names)], code }
}

test.each([
  ['without OTEL_*', {}],
  ['with OTEL_SDK_DISABLED=true', { OTEL_SDK_DISABLED: 'true', OTEL_SERVICE_NAME: 'x' }],
  ['with OTEL_TRACES_EXPORTER=none', { OTEL_TRACES_EXPORTER: 'none' }],
])('%s nothing of OpenTelemetry is loaded', async (_, env) => {
  const { packages, code } = await loadedBy(env)
  expect(code).toBe(0)
  expect(packages).toContain('better-sqlite3')
  expect(packages.filter((name) => name.startsWith('@opentelemetry/'))).toEqual([])
})
