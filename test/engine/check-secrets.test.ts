import { afterAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { openLog } from '../../src/app/log.ts'
import type { Effect, EffectResult } from '../../src/domain/effect.ts'
import { Stop } from '../../src/domain/errors.ts'
import { bytesEvidence, jsonEvidence } from '../../src/domain/evidence.ts'
import type { Run } from '../../src/domain/run.ts'
import { rehearseApproval } from '../../src/engine/manage-approvals.ts'
import { createSecretRegistry } from '../../src/secrets/redaction.ts'
import { aWorld, start, succeeds, type World } from '../machines/crashing-engine.ts'
import { removeFolders } from '../store/store-folders.ts'

/** The real engine, store and log, and an effect of a user that is careless with its database's URL. */

afterAll(removeFolders)

const PASSWORD = "plant-7'ä/@:%\\ q"
const DSN = `postgresql://reader:${encodeURIComponent(PASSWORD)}@db.example.org/main`

async function aCarelessWorld(
  careless: () => Promise<EffectResult<unknown>>,
  how: Pick<Effect, 'quotesDocument' | 'quotesSql'> = {},
) {
  const world = aWorld(succeeds)
  const logged: string[] = []
  const secrets = createSecretRegistry()
  secrets.add('MAIN_URL', DSN)
  const { installed } = world.parts
  const mark: Effect = {
    name: 'mark',
    kind: 'read',
    input: z.unknown(),
    output: z.unknown(),
    execute: careless,
    ...how,
  }
  Object.assign(world.parts, {
    secrets,
    log: await openLog({ CUTTER_LOG: 'debug' }, secrets, { write: (line: string) => logged.push(line) }),
    installed: async (name: string, run: Run | null) => {
      const machine = await installed(name, run)
      return { ...machine, effects: { ...machine.effects, mark } }
    },
  })
  return { world, logged }
}

/** Everything that the run left, as text. */
async function leftBy({ store }: World, runId: string): Promise<string> {
  const evidence = await store.evidenceOf(runId)
  const bytes = await Promise.all(evidence.map(({ digest }) => store.evidence(digest)))
  return JSON.stringify([
    await store.run(runId),
    await store.history(runId),
    bytes.map((each) => Buffer.from(each!).toString()),
  ])
}

const expectClean = (text: string) => {
  for (const form of ['plant-7', DSN, encodeURIComponent(PASSWORD)]) expect(text).not.toContain(form)
}

describe('the report of a careless effect', () => {
  test('an error is saved and logged without the secret, in its causes and details too', async () => {
    const { world, logged } = await aCarelessWorld(async () => {
      const cause = Object.assign(new Error(`login with ${PASSWORD} failed`), {
        detail: `Key (dsn)=(${DSN}) exists`,
        where: `set password '${PASSWORD.replaceAll("'", "''")}'`,
        client: { connectionParameters: { password: 'another-plant-7' } },
      })
      throw new Error(`can't reach ${DSN}`, { cause })
    })
    const run = await start(world)
    expect(run).toMatchObject({ status: 'stopped', stopCode: 'STOP_INTERNAL' })
    expect(run.stop?.message).toBe("can't reach [redacted]")
    expectClean(await leftBy(world, run.runId))
    expect(logged).toHaveLength(1)
    expectClean(logged.join())
    expect(JSON.parse(logged[0]!)).toMatchObject({
      msg: 'effect failed',
      err: {
        message: expect.stringContaining("can't reach [redacted]"),
        stack: expect.stringContaining('at '),
      },
    })
  })

  test('a stop is saved without the secret, in its data and next step too', async () => {
    const { world } = await aCarelessWorld(async () => {
      throw new Stop('STOP_TARGET_REFUSED', `no ${DSN}`, {
        next: `psql ${DSN}`,
        data: { tried: [PASSWORD], password: 'plant-7', role: 'reader' },
      })
    })
    const run = await start(world)
    expect(run.stop).toEqual({
      code: 'STOP_TARGET_REFUSED',
      message: 'no [redacted]',
      next: 'psql [redacted]',
      data: { tried: ['[redacted]'], password: '[redacted]', role: 'reader' },
    })
    expectClean(await leftBy(world, run.runId))
  })

  test('reported facts are saved without the secret', async () => {
    const { world } = await aCarelessWorld(async () => ({
      output: {
        sourceVersionId: 'sv-1',
        report: { from: DSN, other: 'https://me:plant-7@host/x', units: 1 },
      },
    }))
    const run = await start(world)
    expect(run).toMatchObject({
      status: 'paused',
      output: { from: '[redacted]', other: 'https://me:[redacted]@host/x', units: 1 },
    })
    expectClean(await leftBy(world, run.runId))
  })
})

describe('assertNoSecretReport', () => {
  const refusal = async (result: EffectResult<unknown>) => {
    const { world } = await aCarelessWorld(async () => result)
    const run = await start(world)
    expect(run).toMatchObject({ status: 'stopped', stopCode: 'STOP_REFUSED_INPUT' })
    expectClean(await leftBy(world, run.runId))
    return run.stop?.message
  }

  test('a secret key in facts or plans is refused with its path', async () => {
    expect(await refusal({ output: { report: { hosts: [{ dbPassword: 'plant-7' }] } } })).toContain(
      'output.report.hosts[0].dbPassword',
    )
    const plan = jsonEvidence('plan/SG1', { actions: [{ do: 'rotate', apiKey: 'plant-7' }] })
    expect(await refusal({ output: {}, evidence: [plan] })).toContain('plan/SG1.actions[0].apiKey')
  })

  test.each([
    [
      'a URL with a password',
      { actions: [{ argv: ['curl', 'https://me:plant-7@db.example.org/x'] }] },
      'actions[0].argv[1]',
    ],
    ['a GitHub token', { note: `ghp_${'plant7'.repeat(5)}` }, 'note'],
    ['a private key', { note: '-----BEGIN OPENSSH PRIVATE KEY-----\nplant-7' }, 'note'],
  ])('a secret value in a plan is refused with its path: %s', async (what, value, path) => {
    const evidence = [jsonEvidence('plan/SG1', value)]
    expect(await refusal({ output: {}, evidence })).toContain(`plan/SG1.${path} seems to hold ${what}`)
    const unnamed = jsonEvidence('my-plan', value)
    const output = { planDigest: unnamed.digest }
    expect(await refusal({ output, evidence: [unnamed] })).toContain(`my-plan.${path} seems to hold`)
  })

  test('a plan that quotes a document may hold the form of a secret', async () => {
    const evidence = [jsonEvidence('plan/SG1', { title: 'On https://me:plant-7@host, and password=hidden' })]
    const { world } = await aCarelessWorld(async () => ({ output: {}, evidence }), { quotesDocument: true })
    expect(await start(world)).toMatchObject({ status: 'paused', gate: 'SG1' })
  })

  test.each([
    'update t set secret = l.secret from l where t.token = l.token',
    "update settings set value = 'x' where token = 'y' and password='z'",
    'select token=secret as "api_key = 1" from t',
  ])('a plan that quotes SQL may compare columns with the names of secrets: %s', async (sql) => {
    const evidence = [jsonEvidence('plan/SG1', { statements: [{ text: sql }] })]
    const { world } = await aCarelessWorld(async () => ({ output: {}, evidence }), { quotesSql: true })
    expect(await start(world)).toMatchObject({ status: 'paused', gate: 'SG1' })
  })

  test('a plan that quotes SQL is refused for a URL with a password, as any other', async () => {
    const evidence = [jsonEvidence('plan/SG1', { sql: "select dblink('postgres://me:plant-7@host/main')" })]
    const { world } = await aCarelessWorld(async () => ({ output: {}, evidence }), { quotesSql: true })
    const { stop } = await start(world)
    expect(stop?.message).toContain('plan/SG1.sql seems to hold a URL with a password')
  })

  test.each(['policy/SG1', 'signers/SG1', 'revoked/SG1', 'snapshot/upgraded'])(
    'evidence with a name of the engine is refused: %s',
    async (name) => {
      const { world } = await aCarelessWorld(async () => ({ output: {}, evidence: [jsonEvidence(name, {})] }))
      const run = await start(world)
      expect(run.stop?.message).toContain(`the evidence ${name}`)
      expect(await world.store.evidenceOf(run.runId)).toEqual([])
    },
  )

  test('two pieces of evidence with one name are refused', async () => {
    const evidence = [jsonEvidence('a', 1), jsonEvidence('a', 2)]
    const { world } = await aCarelessWorld(async () => ({ output: {}, evidence }))
    expect((await start(world)).stop?.message).toContain('the evidence a')
  })

  test('evidence that holds the value of a known secret is refused with the name of the secret', async () => {
    const evidence = [jsonEvidence('receipt', { connectedTo: DSN })]
    expect(await refusal({ output: {}, evidence })).toContain(
      'its evidence receipt holds the value of MAIN_URL',
    )
  })

  test('a document may speak of passwords', async () => {
    const text = Buffer.from(`password: ${PASSWORD}`)
    const { world } = await aCarelessWorld(async () => ({
      output: {},
      evidence: [bytesEvidence('source', 'application/octet-stream', text)],
    }))
    expect(await start(world)).toMatchObject({ status: 'paused', gate: 'SG1' })
  })
})

describe('assertNoSecretWords and assertNoSecretInput', () => {
  const words = [DSN, PASSWORD, 'postgresql://u:other-plant-7@db/x']

  test('options with a secret are refused before anything is saved', async () => {
    const { world } = await aCarelessWorld(async () => ({ output: {} }))
    const { engine } = world
    const input = { document: 'A', source: '/a.md' }
    for (const secret of words) {
      const refusals = [
        engine.start('cut', input, { mode: 'dry-run', by: secret }),
        engine.start('cut', input, { mode: 'dry-run', key: secret }),
        engine.start('cut', { ...input, source: secret }, { mode: 'dry-run' }),
        engine.resume('ictr-1', { approvalId: secret }),
        engine.cancel('ictr-2', { reason: secret }),
      ]
      for (const refusal of await Promise.allSettled(refusals)) {
        expect(refusal).toMatchObject({ status: 'rejected', reason: { code: 'INPUT_REFUSED' } })
        expectClean((refusal as PromiseRejectedResult).reason.message)
      }
    }
    expect(await world.store.list({ limit: 5 })).toEqual([])
  })

  test('options must be one line of plain text', async () => {
    const { world } = await aCarelessWorld(async () => ({ output: {} }))
    const run = await start(world)
    for (const odd of ['a\nplan sha256:0', '\u001b[2K', 'a\u2028b', '\u202eabc']) {
      const refusals = [
        world.engine.start('cut', { document: 'A', source: '/a.md' }, { mode: 'dry-run', by: odd }),
        world.engine.cancel(run.runId, { reason: odd }),
        rehearseApproval(world.parts, run.runId, { as: odd, decision: 'approve', reason: '' }),
        rehearseApproval(world.parts, run.runId, { as: 'alice', decision: 'approve', reason: odd }),
      ]
      for (const refusal of await Promise.allSettled(refusals))
        expect(refusal).toMatchObject({ status: 'rejected', reason: { code: 'USAGE' } })
    }
    expect(await world.store.approvals(run.runId)).toEqual([])
  })

  test('input under a secret key is refused, under an unknown key too', async () => {
    const { world } = await aCarelessWorld(async () => ({ output: {} }))
    const input = { document: 'A', source: '/a.md', targets: [{ password: 'x' }] }
    await expect(world.engine.start('cut', input, { mode: 'dry-run' })).rejects.toMatchObject({
      code: 'INPUT_REFUSED',
      message: expect.stringContaining('input.targets[0].password'),
    })
  })

  test('input is checked again after the schema has filled in defaults', async () => {
    const { world } = await aCarelessWorld(async () => ({ output: {} }))
    const { installed } = world.parts
    const filling = (more: z.ZodRawShape) => {
      world.parts.installed = async (name, run) => {
        const { machine, ...rest } = await installed(name, run)
        return { ...rest, machine: { ...machine, input: machine.input.extend(more) } }
      }
    }
    const filled: [z.ZodRawShape, string][] = [
      [{ from: z.string().default('postgresql://u:other-plant-7@db/x') }, 'input.from seems to hold'],
      [{ dbPassword: z.string().default('plant-7') }, 'input.dbPassword would hold a secret'],
      [{ note: z.string().default(PASSWORD) }, 'the input holds the value of MAIN_URL'],
      [
        {
          note: z
            .string()
            .optional()
            .transform(() => DSN),
        },
        'input.note seems to hold',
      ],
    ]
    for (const [shape, why] of filled) {
      filling(shape)
      const starting = world.engine.start('cut', { document: 'A', source: '/a.md' }, { mode: 'dry-run' })
      const refusal = await starting.catch((error) => error)
      expect(refusal).toMatchObject({ code: 'INPUT_REFUSED', message: expect.stringContaining(why) })
      expectClean(refusal.message)
    }
    expect(await world.store.list({ limit: 5 })).toEqual([])
  })
})
