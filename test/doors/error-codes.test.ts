import { existsSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import Database from 'better-sqlite3'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import type { ErrorCode } from '../../src/domain/errors.ts'
import { STATUS_OF_ERROR } from '../../src/http/status-of-error.ts'
import { resumeRun } from '../../src/service/runs/resume.ts'
import type { StartRunInput } from '../../src/service/runs/start.ts'
import { voidRun } from '../../src/service/runs/void.ts'
import { surveyTarget } from '../../src/service/targets/survey.ts'
import { revokeToken } from '../../src/service/tokens/revoke.ts'
import { cancelAsked, explainAsked, startAsked } from '../support/asked.ts'
import {
  type Asked,
  DOORS,
  type DoorError,
  type DoorName,
  type Doors,
  doorsOf,
  hasDoor,
} from '../support/doors.ts'
import { type GateService, openGates } from '../support/gate-refusals.ts'
import { describeWithKeys } from '../support/ssh-keys.ts'

/** Every code of an error, through every door: the same code and the same words, and nothing in a history. */

interface Scenario {
  /** Doors that have no way to this code, with the reason. */
  without?: { [door in DoorName]?: string }
  prepare(): Promise<{ asked: Asked; undo?: () => unknown }>
}

const TARGET =
  'targets: { gone: { readerUrlEnv: GONE_URL, executorUrlEnv: GONE_URL, verifierUrlEnv: GONE_URL } }\n'
const GONE_URL = 'postgres://nobody@127.0.0.1:1/nothing'

const NO_TOOL = 'agents have no tool for it'
const NO_TOKEN = 'whoever works without a service brings no token'

let gates: GateService
let doors: Doors
/** Of a viewer. */
let lesser: Doors
let admin: string

const inHome = (name: string) => join(gates.at.home.folder, name)
const aFile = (name: string) => {
  writeFileSync(inHome(name), 'as planned\n')
  return inHome(name)
}
const twoGates = (file: string, more: Partial<StartRunInput> = {}) =>
  startAsked({ machine: 'two-gates', input: { file }, ...more }, ['--file', file])

/** What brings a code about at every door, or where else it is tested and why not here. */
const SCENARIOS: { [code in ErrorCode]: Scenario | string } = {
  USAGE: { prepare: async () => ({ asked: cancelAsked((await gates.aRun()).runId, ' ') }) },
  INPUT_REFUSED: {
    prepare: async () => ({ asked: cancelAsked((await gates.aRun()).runId, 'password=hunter2hunter2') }),
  },
  CONFIG_INVALID: {
    async prepare() {
      writeFileSync(inHome('cutter.yaml'), 'machines: 7\n')
      return { asked: twoGates(aFile('unused')) }
    },
  },
  KEY_REUSED: {
    async prepare() {
      await gates.at.post('/api/v1/runs', admin, {
        machine: 'two-gates',
        input: { file: aFile('first') },
        key: 'once',
      })
      return { asked: twoGates(aFile('second'), { key: 'once' }) }
    },
  },
  RUN_NOT_FOUND: { prepare: async () => ({ asked: explainAsked('nothing') }) },
  APPROVAL_NOT_FOUND:
    'as the reason APPROVAL_UNKNOWN of a gate, which is recorded: test/doors/refusals.test.ts',
  MACHINE_NOT_FOUND: { prepare: async () => ({ asked: startAsked({ machine: 'nothing', input: {} }, []) }) },
  TARGET_NOT_FOUND: {
    async prepare() {
      const headers = { 'content-type': 'application/octet-stream' }
      const { json } = await gates.at.post('/api/v1/uploads', admin, '# A\n', { headers })
      const input = { document: 'C', source: json.upload, target: 'nowhere' }
      const flags = ['--document', 'C', '--source', json.upload, '--target', 'nowhere']
      return { asked: startAsked({ machine: 'cut', input }, flags) }
    },
  },
  TOKEN_NOT_FOUND: {
    without: { mcp: NO_TOOL },
    prepare: async () => ({
      asked: {
        useCase: (home) => revokeToken(home, { token: 'nobody' }),
        http: ['post', '/api/v1/tokens/nobody/revoke'],
        command: ['token', 'revoke', 'nobody'],
      },
    }),
  },
  APPROVAL_REQUIRED: {
    without: { mcp: 'its tool asks for an approval' },
    async prepare() {
      const { runId: run } = await gates.aRun()
      return {
        asked: {
          useCase: (home) => resumeRun(home, { run }),
          http: ['post', `/api/v1/runs/${run}/resume`],
          command: ['run', 'resume', run],
        },
      }
    },
  },
  APPROVAL_REFUSED: 'by each of its reasons: test/doors/refusals.test.ts',
  FILES_UNSAFE: 'as a reason of a gate: test/doors/refusals.test.ts',
  RUN_CLOSED: 'no use case throws it: a closed run is answered as it is',
  RUN_HELD: 'requests to one service wait for each other; two processes: test/cli/concurrency.test.ts',
  ON_HOLD: {
    async prepare() {
      await gates.at.post('/api/v1/hold/on', admin, { reason: 'a test' })
      return {
        asked: twoGates(aFile('held')),
        undo: () => gates.at.post('/api/v1/hold/off', admin, { reason: 'a test' }),
      }
    },
  },
  EVENT_REFUSED: {
    without: { mcp: 'its tools answer with the run as it is' },
    async prepare() {
      const { json } = await gates.at.post('/api/v1/runs', admin, {
        machine: 'two-gates',
        mode: 'live',
        input: { file: inHome('none') },
      })
      const run = json.runId as string
      const reason = 'a test'
      return {
        asked: {
          useCase: (home) => voidRun(home, { run, reason }),
          http: ['post', `/api/v1/runs/${run}/void`, { reason }],
          command: ['run', 'void', run, '--reason', reason],
        },
      }
    },
  },
  MACHINE_CHANGED:
    'a service loads a module once: test/cli/machine-versions.test.ts, test/cli/swapped-module.test.ts',
  LIVE_REFUSED: {
    async prepare() {
      await gates.at.post('/api/v1/execution/disable', admin, { reason: 'a test' })
      return {
        asked: twoGates(aFile('not-live'), { mode: 'live' }),
        undo: () => gates.at.post('/api/v1/execution/enable', admin, { for: '2h', reason: 'a test' }),
      }
    },
  },
  TOKEN_REFUSED:
    'without a token that counts there is no caller: test/http/tokens.test.ts, test/mcp/tools.test.ts, test/client/ask-service.test.ts',
  ACCESS_REFUSED: {
    without: { command: NO_TOKEN },
    prepare: async () => ({ asked: twoGates(aFile('unused')) }),
  },
  OPERATOR_REFUSED:
    'a token has one name and a process one user id: test/http/owner-operator.test.ts compares the owner by all doors, test/http/runs.test.ts has other tokens',
  SERVICE_RUNNING:
    'a service does not start itself: test/http/restart.test.ts, test/cli/through-service.test.ts',
  SERVICE_ENDING: 'only a service ends so: test/http/closing.test.ts',
  STORE_TAMPERED: {
    async prepare() {
      const { runId } = await gates.aRun()
      const store = new Database(inHome('var/cutter.db'))
      const triggers = store.prepare("select name, sql from sqlite_master where type = 'trigger'").all() as {
        name: string
        sql: string
      }[]
      for (const { name } of triggers) store.exec(`drop trigger "${name}"`)
      const changed = store.prepare("update runs set os_user = 'mallory' where run_id = ?").run(runId)
      for (const { sql } of triggers) store.exec(sql)
      store.close()
      expect(changed.changes).toBe(1)
      return { asked: explainAsked(runId) }
    },
  },
  STORE_CONFLICT:
    'it takes two processes at the same moment, and the loser tries again: test/cli/concurrency.test.ts, test/engine/fencing.test.ts',
  STORE_NEWER: 'the service does not start: test/cli/wrong-home.test.ts',
  STORE_CORRUPT: 'the service does not start: test/cli/stale-store.test.ts',
  STORE_UNWRITABLE:
    'it takes a disk that is full or read-only: test/cli/full-disk.test.ts, test/cli/reading-only.test.ts',
  TARGET_UNREACHABLE: {
    without: { mcp: 'a run that an agent starts stops instead, with a stop code' },
    prepare: async () => ({
      asked: {
        useCase: (home) => surveyTarget(home, { target: 'gone', document: '' }),
        http: ['get', '/api/v1/targets/gone/survey'],
        command: ['target', 'survey', 'gone'],
      },
    }),
  },
  TARGET_REFUSED:
    'it takes a server that is no target: test/cli/target-init.test.ts, test/targets/postgres/target-schema.test.ts',
  HOST_UNSUITABLE: 'only hosts that share a store answer so: test/cli/postgres-hosts.test.ts',
  HOST_UNREACHABLE: 'runs stop with it, by no caller’s door: test/targets/ssh/connect-host.test.ts',
  HOST_COMMAND_FAILED: 'runs stop with it, by no caller’s door: test/cli/deploy.test.ts',
  TOOL_MISSING: 'a service takes its tools at its start: test/cli/tools.test.ts',
  INTERNAL: 'it is a fault of Cutter itself',
}

const scenarios = Object.entries(SCENARIOS).filter(
  (pair): pair is [ErrorCode, Scenario] => typeof pair[1] !== 'string',
)

const timeless = (error: DoorError | null) =>
  error === null
    ? null
    : (JSON.parse(JSON.stringify(error).replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, '<time>')) as DoorError)

describeWithKeys('an error', () => {
  beforeAll(async () => {
    gates = await openGates(TARGET, { GONE_URL })
    // Commands that work by themselves have the environment of this process.
    vi.stubEnv('GONE_URL', GONE_URL)
    admin = await gates.at.token({ name: 'anna', role: 'admin' })
    doors = await doorsOf(gates.at, admin, null)
    lesser = await doorsOf(gates.at, await gates.at.token({ name: 'vera', role: 'viewer' }), null)
  })
  afterAll(async () => {
    vi.unstubAllEnvs()
    await doors.close()
    await lesser.close()
    await gates.close()
  })

  test('has a scenario for every code, or says where it is tested', () => {
    expect(Object.keys(SCENARIOS).sort()).toEqual(Object.keys(STATUS_OF_ERROR).sort())
    for (const [code, scenario] of Object.entries(SCENARIOS))
      for (const [file] of typeof scenario === 'string' ? scenario.matchAll(/test\/[\w/-]+\.test\.ts/g) : [])
        expect([code, file, existsSync(resolve(import.meta.dirname, '../..', file))]).toEqual([
          code,
          file,
          true,
        ])
  })

  test.each(scenarios)(
    'of code %s has the same words by every door, and moves no run',
    async (code, { without = {}, prepare }) => {
      const { asked, undo } = await prepare()
      const at = code === 'ACCESS_REFUSED' ? lesser : doors
      const lengths = async () =>
        (await gates.at.home.store.list({ limit: 500, onTampered() {} })).map(({ runId, seq }) => [
          runId,
          seq,
        ])
      const before = await lengths()
      try {
        const taken = DOORS.filter((door) => without[door] === undefined)
        const answers: [DoorName, DoorError | null][] = []
        for (const door of taken) {
          expect([door, hasDoor(door, asked)]).toEqual([door, true])
          answers.push([door, timeless(await at.ask(door, asked))])
        }
        const [, first] = answers[0]!
        expect(first?.code).toBe(code)
        expect(first!.message).not.toBe('')
        for (const answer of answers) expect(answer).toEqual([answer[0], first])
      } finally {
        await undo?.()
        gates.restore()
      }
      expect(await lengths()).toEqual(before)
    },
  )
})
