import { readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import type { Command } from 'commander'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { REFUSALS, type RefusalReason } from '../../src/approvals/refusal.ts'
import { buildProgram } from '../../src/cli/program.ts'
import type { Decision } from '../../src/domain/approval.ts'
import { ENGINE } from '../../src/domain/history-facts.ts'
import { ENDPOINTS } from '../../src/http/endpoints.ts'
import { TOOLS } from '../../src/mcp/tools.ts'
import { abandonRun } from '../../src/service/runs/abandon.ts'
import { resumeRun } from '../../src/service/runs/resume.ts'
import { voidRun } from '../../src/service/runs/void.ts'
import { type Asked, DOORS, type Doors, doorsOf, hasDoor } from '../support/doors.ts'
import { CAROL, type GateService, OPERATOR, openGates, type Waiting } from '../support/gate-refusals.ts'
import { describeWithKeys } from '../support/ssh-keys.ts'

/** Every refusal of a gate, through every door by which an approval comes to it: the same code, the same words, the same record. */

/** What brings an approval to a run: the decision that it takes, and the words of each door. */
interface Way {
  decision: Decision
  asked(run: string, approval: string): Asked
}

const WAYS = {
  resume: {
    decision: 'approve',
    asked: (run, approval) => ({
      useCase: (home) => resumeRun(home, { run, approval }),
      http: ['post', `/api/v1/runs/${run}/resume`, { approval }],
      tool: ['resume_after_approval', { run, approval }],
      command: ['run', 'resume', run, '--approval', approval],
    }),
  },
  void: {
    decision: 'void',
    asked: (run, approval) => ({
      useCase: (home) => voidRun(home, { run, approval, reason: '' }),
      http: ['post', `/api/v1/runs/${run}/void`, { approval }],
      command: ['run', 'void', run, '--approval', approval, '--reason', 'a test'],
    }),
  },
  abandon: {
    decision: 'abandon',
    asked: (run, approval) => ({
      useCase: (home) => abandonRun(home, { run, approval }),
      http: ['post', `/api/v1/runs/${run}/abandon`, { approval }],
      command: ['run', 'abandon', run, '--approval', approval],
    }),
  },
} satisfies { [way: string]: Way }
type WayName = keyof typeof WAYS

/** What else takes an approval, or signs one, with the reason for which it has no way of its own. */
const OTHERS: { [name: string]: string } = {
  'use case approvals/import.ts':
    'it keeps what was signed, and moves no run: test/doors/known-approvals.test.ts',
  'POST /api/v1/approvals': 'as approvals/import.ts: also test/http/runs.test.ts, test/http/scope.test.ts',
  'command approval import': 'as approvals/import.ts: also test/cli/approvals.test.ts',
  'use case batches/resume.ts': 'it has runs/resume.ts decide, run by run: test/cli/batch.test.ts',
  'command batch resume': 'as batches/resume.ts',
  'GET /api/v1/approvals/{approvalId}': 'it reads one approval',
  'command approval show': 'it reads one approval',
  'POST /api/v1/runs/{run}/closeout/signatures':
    'it signs what is closed, and passes no gate: test/bundle/countersign-closeout.test.ts',
  'command approval countersign': 'as the route: test/client/ask-service.test.ts',
}

const source = resolve(import.meta.dirname, '../../src')
const leavesOf = (command: Command): Command[] =>
  command.commands.length === 0 ? [command] : command.commands.flatMap(leavesOf)
const fullName = (command: Command): string =>
  command.parent?.parent == null ? command.name() : `${fullName(command.parent)} ${command.name()}`

/** Everything by which an approval may come in, read from the use cases, the routes, the tools and the commands as they are. */
function listEntries(): string[] {
  const names = (shape: object) => Object.keys(shape)
  const takes = (fields: string[]) =>
    fields.some((field) => /^(approval(s|Id|sFile)?|signature)$/.test(field.replaceAll('-', '')))
  const rooms = readdirSync(join(source, 'service'), { withFileTypes: true }).filter((one) =>
    one.isDirectory(),
  )
  const useCases = rooms.flatMap(({ name }) =>
    readdirSync(join(source, 'service', name))
      .filter((file) => file.endsWith('.ts'))
      .map((file) => `${name}/${file}`)
      .filter((file) =>
        /Input \{[^}]*\n {2}(approval(s|Id|sFile)?|signature)\??: /.test(
          readFileSync(join(source, 'service', file), 'utf8'),
        ),
      )
      .map((file) => `use case ${file}`),
  )
  const routes = ENDPOINTS.filter(({ params, query, body }) =>
    takes([...names(params.shape), ...names(query.shape), ...names(body?.shape ?? {})]),
  ).map(({ method, path }) => `${method.toUpperCase()} ${path}`)
  const tools = TOOLS.filter(({ input }) => takes(names(input.shape))).map(({ name }) => `tool ${name}`)
  const commands = leavesOf(buildProgram())
    .filter(({ options, registeredArguments }) =>
      takes([...options.map((one) => one.name()), ...registeredArguments.map((one) => one.name())]),
    )
    .map((command) => `command ${fullName(command)}`)
  return [...useCases, ...routes, ...tools, ...commands]
}

/** The entries that a way goes through. */
function entriesOf(name: string, { asked }: Way): string[] {
  const { http, tool, command } = asked('{run}', 'ap-1')
  return [
    `use case runs/${name}.ts`,
    `${http![0].toUpperCase()} ${http![1]}`,
    ...(tool === undefined ? [] : [`tool ${tool[0]}`]),
    `command ${command!.slice(0, 2).join(' ')}`,
  ]
}

const NO_WORLD = 'it asks no world'
const CLOSES = 'an approval that was used on this way has closed its run'

/** Cells of reason × way without a scenario, with the reason. */
const EXCEPTIONS: { [reason in RefusalReason]?: { [way in WayName]?: string } } = {
  RUN_CLOSED: {
    resume: 'a closed run is answered as it is, which the last test shows',
    void: 'a closed run is answered as it is',
    abandon: 'a closed run is answered as it is',
  },
  REVIEW_MISSING: {
    resume: 'only machines that ship ask for reviews: test/cli/mcp.test.ts brings it about in a cut',
    void: 'reviews are of approvals',
    abandon: 'reviews are of approvals',
  },
  NOT_AT_A_GATE: {
    void: 'the use case says so before it judges, with EVENT_REFUSED',
    abandon: 'a run is abandoned in any state',
  },
  ALREADY_USED: { void: CLOSES, abandon: CLOSES },
  NOT_ENOUGH_APPROVERS: { void: 'one person may void a run, whatever the gate needs' },
  SUPERSEDED: { abandon: 'a decision at a gate supersedes none on the run itself' },
  DRIFT: { void: NO_WORLD, abandon: NO_WORLD },
  WORLD_NOT_CHECKED: { void: NO_WORLD, abandon: NO_WORLD },
}

const cells = Object.keys(WAYS).flatMap((way) =>
  Object.keys(REFUSALS)
    .filter((reason) => EXCEPTIONS[reason as RefusalReason]?.[way as WayName] === undefined)
    .map((reason) => [reason, way] as [keyof GateService['scenarios'], WayName]),
)

let gates: GateService
let doors: Doors

interface Answered {
  error: { reason: string; next: string }
  record: { by: string }[]
}

/** Digests of a plan and a signature differ between runs. */
const withoutDigests = (answer: Answered): Answered =>
  JSON.parse(JSON.stringify(answer).replaceAll(/sha256:[0-9a-f]{64}/g, '<digest>'))

/** Leaves out what differs from door to door and from run to run: times, and how run, approval and file are called. */
const settled = (value: unknown, { runId, file }: Waiting): unknown =>
  JSON.parse(
    JSON.stringify(value)
      .replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, '<time>')
      .replaceAll(/\bap-[0-9a-f]{32}/g, '<approval>')
      .replaceAll(/"operatorDeclared":"(token|self)"/g, '"operatorDeclared":"<by the door>"')
      .replaceAll(',"through":"mcp"', '')
      .replaceAll(runId, '<run>')
      .replaceAll(file === '' ? /$^/g : file, '<file>'),
  )

/** Brings an approval through a door. Returns the error, what the history records, and where the run is. */
async function bring(door: (typeof DOORS)[number], way: WayName, run: Waiting, approval: string) {
  const { store } = gates.at.home
  const before = (await store.run(run.runId))!
  const error = await doors.ask(door, WAYS[way].asked(run.runId, approval))
  const after = (await store.run(run.runId))!
  expect([after.status, after.gate, after.state]).toEqual([before.status, before.gate, before.state])
  const added = (await store.history(run.runId)).slice(before.seq)
  // Only what an agent does is the deed of an agent.
  for (const { by, event } of added.filter((entry) => entry.by !== ENGINE))
    expect([door, by, event.through]).toEqual([door, by, door === 'mcp' ? 'mcp' : undefined])
  const record = added.map(({ event, by, state, status }) => ({ event, by, state, status }))
  return settled({ error, record }, run) as Answered
}

describeWithKeys('a gate', () => {
  beforeAll(async () => {
    gates = await openGates()
    doors = await doorsOf(gates.at, gates.token, OPERATOR)
  })
  afterAll(async () => {
    await doors.close()
    await gates.close()
  })

  test('everything that takes an approval is a way of these tests, or an exception with a reason', () => {
    const known = [
      ...Object.entries(WAYS).flatMap(([name, way]) => entriesOf(name, way)),
      ...Object.keys(OTHERS),
    ]
    expect(listEntries().sort()).toEqual(known.sort())
  })

  test('every reason has a scenario for each way, or an exception with a reason', () => {
    const has = (reason: string, way: string) =>
      Object.hasOwn(gates.scenarios, reason) ||
      EXCEPTIONS[reason as RefusalReason]?.[way as WayName] !== undefined
    for (const reason of Object.keys(REFUSALS))
      for (const way of Object.keys(WAYS))
        expect([reason, way, has(reason, way)]).toEqual([reason, way, true])
  })

  test.each(cells)(
    'refuses as %s on the way of %s, in the same words and with the same record by every door',
    async (reason, way) => {
      const prepare = gates.scenarios[reason]
      // After a look at the world the run has come to its gate again, so the same approval is refused for another reason.
      const isOnce = reason === 'DRIFT' || reason === 'WORLD_NOT_CHECKED'
      try {
        let prepared = await prepare(WAYS[way].decision)
        const answers: { [door: string]: Answered } = {}
        for (const door of DOORS) {
          if (!hasDoor(door, WAYS[way].asked('', ''))) continue
          if (isOnce && Object.keys(answers).length > 0) prepared = await prepare(WAYS[way].decision)
          const answer = await bring(door, way, ...prepared)
          answers[door] = isOnce ? withoutDigests(answer) : answer
        }
        const first = answers['use case']!
        expect([first.error?.reason, first.record[0]?.by]).toEqual([reason, OPERATOR])
        expect(first.error.next).not.toBe('')
        expect(JSON.stringify(first.record)).toContain(reason)
        for (const [door, answer] of Object.entries(answers)) expect([door, answer]).toEqual([door, first])
      } finally {
        gates.restore()
      }
    },
  )

  test('opens for what people have signed, and a closed run is answered as it is', async () => {
    const { aRun, sign, at } = gates
    const run = await aRun()
    const ask = async (approval: string) => doors.ask('mcp', WAYS.resume.asked(run.runId, approval))
    expect(await ask(await sign(run))).toBeNull()
    expect((await at.home.store.run(run.runId))!.gate).toBe('SG2')
    expect(await ask(await sign(run, { as: CAROL }))).toBeNull()
    const closed = (await at.home.store.run(run.runId))!
    expect([closed.status, closed.outcome]).toEqual(['closed', 'succeeded'])
    for (const way of Object.keys(WAYS) as WayName[])
      for (const door of DOORS) {
        const asked = WAYS[way].asked(run.runId, await sign(await aRun(), { decision: WAYS[way].decision }))
        if (hasDoor(door, asked)) expect([way, door, await doors.ask(door, asked)]).toEqual([way, door, null])
      }
    expect((await at.home.store.run(run.runId))!.seq).toBe(closed.seq)
  })
})
