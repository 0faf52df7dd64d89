import { request } from 'node:http'
import { type Listening, listen } from '../../src/http/listen.ts'
import { LIMITS } from '../../src/service/access/rate-limits.ts'
import { openService, type Service, type ServiceOptions } from '../../src/service/serve.ts'
import type { CreateTokenInput } from '../../src/service/tokens/create.ts'
import { createToken } from '../../src/service/tokens/create.ts'
import { openServiceHome, type ServiceHome } from './service-home.ts'

/** A service in this process, on a free port, and a client that sends exactly what a test asks for. */

interface HttpAnswer {
  status: number
  headers: { [name: string]: string | string[] | undefined }
  text: string
  // biome-ignore lint/suspicious/noExplicitAny: the answer, as a reader of the JSON meets it
  json: any
}

interface CallOptions {
  token?: string | undefined
  body?: unknown
  headers?: { [name: string]: string }
  method?: string
  /** Goes through the unix socket. */
  local?: boolean
}

export interface HttpService extends ServiceHome {
  service: Service
  url: string
  socket: string
  /** What the service logged. */
  logged: string[]
  token(given: Pick<CreateTokenInput, 'name' | 'role'> & Partial<CreateTokenInput>): Promise<string>
  get(path: string, token?: string, options?: CallOptions): Promise<HttpAnswer>
  post(path: string, token: string | undefined, body: unknown, options?: CallOptions): Promise<HttpAnswer>
}

type ServiceSettings = Parameters<typeof listen>[2] &
  Pick<ServiceOptions, 'outboxTimes' | 'limits' | 'commandLine'> & { port?: number; env?: NodeJS.ProcessEnv }

/** Starts a service in a home of its own. `config` is the text of cutter.yaml; without a port it takes a free one. */
export async function aService(
  config = '',
  { port = 0, env = {}, outboxTimes = {}, limits = LIMITS, commandLine, ...times }: ServiceSettings = {},
): Promise<HttpService> {
  const at = openServiceHome(config, env)
  const logged: string[] = []
  const log = (...given: unknown[]) => void logged.push(JSON.stringify(given))
  const service: Service = {
    ...(await openService(at.home, {
      outboxTimes,
      limits,
      ...(commandLine === undefined ? {} : { commandLine }),
    })),
    log: { info: log, warn: log, error: log },
  }
  const listening: Listening = await listen(service, { port, host: '127.0.0.1' }, times)
  const { url, socket } = listening.address
  const call = (path: string, options: CallOptions) => send({ url, socket }, path, options)
  return {
    ...at,
    service,
    url,
    socket,
    logged,
    token: async (given) => (await createToken(at.home, { expires: '1h', ...given })).token,
    get: (path, token, options = {}) => call(path, { token, ...options }),
    post: (path, token, body, options = {}) => call(path, { token, body, method: 'POST', ...options }),
    async remove() {
      await listening.close()
      await service.close()
      await at.remove()
    },
  }
}

function send(
  { url, socket }: { url: string; socket: string },
  path: string,
  { token, body, headers = {}, method = 'GET', local = false }: CallOptions,
): Promise<HttpAnswer> {
  const { hostname, port } = new URL(url)
  const bytes = body === undefined ? null : typeof body === 'string' ? body : JSON.stringify(body)
  const sent = request({
    ...(local ? { socketPath: socket } : { hostname, port }),
    path,
    method,
    agent: false,
    headers: {
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...(bytes === null ? {} : { 'content-type': 'application/json' }),
      ...headers,
    },
  })
  return new Promise((done, fail) => {
    sent.on('error', fail).on('response', (response) => {
      const parts: Buffer[] = []
      response.on('error', fail)
      response.on('data', (part: Buffer) => parts.push(part))
      response.on('end', () => {
        const text = Buffer.concat(parts).toString()
        const isJson = String(response.headers['content-type']).includes('json')
        const { statusCode: status = 0 } = response
        done({
          status,
          headers: response.headers,
          text,
          json: isJson && text !== '' ? JSON.parse(text) : null,
        })
      })
    })
    sent.end(bytes ?? undefined)
  })
}
