import { Writable } from 'node:stream'
import type { Home } from '../../src/app/open-home.ts'
import { inPlace } from '../../src/cli/place.ts'
import { runProgram } from '../../src/cli/run-program.ts'
import { exchange } from '../../src/client/ask-service.ts'
import { CutterError } from '../../src/domain/errors.ts'
import { TOOLS } from '../../src/mcp/tools.ts'
import { type Agent, agentAt } from './agents.ts'
import type { HttpService } from './http-service.ts'

/** Every door to a home that a service works on, for one caller. Each answers an error in one form. */

/** An error as it came through a door, and null where the door did what it was asked for. */
export interface DoorError {
  code: string
  message: string
  next: string | null
  reason: string | null
  differences: string[] | null
}

/** What is asked of a door, in the words of each. Left out: that door has none. */
export interface Asked {
  useCase?: (home: Home) => Promise<unknown>
  http?: [method: 'get' | 'post', path: string, body?: object]
  tool?: [name: string, input: { [field: string]: unknown }]
  /** Without the program, the home and --json. */
  command?: string[]
}

export const DOORS = ['use case', 'http', 'mcp', 'served command', 'command'] as const
export type DoorName = (typeof DOORS)[number]

export interface Doors {
  ask(door: DoorName, asked: Asked): Promise<DoorError | null>
  close(): Promise<void>
}

/** Whether a door has words for what is asked. */
export function hasDoor(door: DoorName, { useCase, http, tool, command }: Asked): boolean {
  return { 'use case': useCase, http, mcp: tool, 'served command': command, command }[door] !== undefined
}

/** The command works by itself in the home of the service. Its operator is `by`, the name of the token. */
export async function doorsOf(at: HttpService, token: string, by: string | null): Promise<Doors> {
  const agent: Agent = await agentAt(at.url, token)
  const { hostname: host, port } = new URL(at.url)
  const service = {
    at: { host, port: Number(port), isSecure: false },
    name: at.url,
    token,
    isOptional: false,
  }
  const ask: { [door in DoorName]: (asked: Asked) => Promise<DoorError | null> } = {
    async 'use case'({ useCase }) {
      const caller = await at.service.authenticate(`Bearer ${token}`)
      const home = at.service.homeOf({ caller }, () => {})
      return useCase!(home).then(
        () => null,
        (error: unknown) => {
          if (!(error instanceof CutterError)) throw error
          const { code, message, next, data } = error
          return errorOf({ ...data, code, message, next })
        },
      )
    },
    async http({ http }) {
      const [method, path, body = {}] = http!
      const { status, json } = method === 'get' ? await at.get(path, token) : await at.post(path, token, body)
      return status < 400 ? null : errorOf({ ...json, message: json.detail })
    },
    async mcp({ tool }) {
      const [name, input] = tool!
      if (!TOOLS.some((one) => one.name === name)) throw new Error(`there is no tool ${name}`)
      const { isError, value } = await agent.call(name, input)
      return isError ? errorOf(value.error) : null
    },
    async 'served command'({ command }) {
      const out: Buffer[] = []
      await exchange(service, [...command!, '--json'], { out: (bytes) => void out.push(Buffer.from(bytes)) })
      return errorIn(Buffer.concat(out).toString())
    },
    async command({ command }) {
      const label = by === null ? [] : ['--by', by]
      return errorIn(await performAlone(['--home', at.home.folder, ...command!, ...label, '--json']))
    },
  }
  return { ask: (door, asked) => ask[door](asked), close: () => agent.close() }
}

function errorOf(given: { [field: string]: unknown }): DoorError {
  const { code, message, next = null, reason = null, differences = null } = given
  return { code, message, next, reason, differences } as DoorError
}

function errorIn(stdout: string): DoorError | null {
  const { error } = JSON.parse(stdout) as { error?: { [field: string]: unknown } }
  return error === undefined ? null : errorOf(error)
}

/** Performs a command in this process, as one that finds no service. Resolves to its stdout. */
async function performAlone(argv: string[]): Promise<string> {
  const parts: Buffer[] = []
  const stream = (keep: boolean) => ({
    writable: new Writable({
      write(bytes: Buffer, _, done) {
        if (keep) parts.push(bytes)
        done()
      },
    }),
    isTerminal: false,
    columns: undefined,
  })
  const place = {
    stdout: stream(true),
    stderr: stream(false),
    color: false,
    exit() {},
    command: '',
    served: null,
  }
  await inPlace(place, () => runProgram(argv))
  return Buffer.concat(parts).toString()
}
