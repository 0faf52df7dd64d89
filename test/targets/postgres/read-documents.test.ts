import fc from 'fast-check'
import type pg from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { readVersions } from '../../../src/targets/postgres/read-documents.ts'
import { startTarget, type TargetCluster } from '../../support/pg-cluster.ts'

let target: TargetCluster
let serial = 0

beforeAll(async () => {
  target = await startTarget()
})
afterAll(() => target.stop())

/** A decision about one unit, in the order of approvals. `commences` counts days from today; null: at once. */
interface Decision {
  deed: 'text' | 'retire'
  commences: number | null
}

const day = (offset: number) => new Date(Date.now() + offset * 86_400_000).toISOString().slice(0, 10)

/** Carries one decision out in a transaction, under a review of its own. */
async function decide(work: (executor: pg.Client, review: string) => Promise<unknown>): Promise<void> {
  const { executor } = target
  await executor.query('begin')
  try {
    const { rows } = await executor.query<{ id: string }>(
      `insert into cutter_governance.review_decision
         (governance_event_kind, verdict, reviewer_class, reviewer_identity, decision_at, decided_by)
       values ('lifecycle', 'approve', 'human', 'alice', now(), 'alice') returning review_decision_id as id`,
    )
    await work(executor, rows[0]!.id)
    await executor.query('commit')
  } finally {
    await executor.query('rollback')
  }
}

/** Carries decisions out as a cut does, each in a transaction of its own. Returns the unit's address. */
async function decided(decisions: Decision[]): Promise<string> {
  const address = `LAW-${++serial}/ARTICLE-1`
  let seq = 0
  let isStanding = false
  for (const { deed, commences } of decisions) {
    if (deed === 'text') seq += 1
    await decide(async (executor, review) => {
      const changeSet = `cs-${++serial}`
      await executor.query(
        `insert into cutter_governance.cut_change_set (change_set_id, rollback_key, payload_summary, created_by) values ($1, $1, '{}', 'me')`,
        [changeSet],
      )
      if (deed === 'text') {
        const draft = seq === 1 ? 'fn_iu_create' : 'fn_iu_add_version'
        await executor.query(`select ${draft}($1, 'Title', $2, 'me')`, [address, `text ${seq}`])
        await executor.query(
          `select ${isStanding ? 'fn_iu_supersede' : 'fn_iu_enact'}($1::text[], $2::int[], $3::text, $4::text, $5::text, null::text, null::text)`,
          [[address], [seq], 'me', review, changeSet],
        )
      } else
        await executor.query(`select fn_iu_retire($1, 'me', $2, 'retired', $3)`, [address, review, changeSet])
      if (commences === null) return
      await executor.query(
        `insert into cutter_reading.commencement (change_set_id, commences_on, created_by) values ($1, $2, 'me')`,
        [changeSet, day(commences)],
      )
    })
    isStanding = deed === 'text'
  }
  return address
}

const inForceOn = async (client: pg.Client, date: string, address: string): Promise<number[]> =>
  (
    await client.query<{ version_seq: number }>(
      'select version_seq from cutter_reading.in_force_on($1) where address = $2 order by 1',
      [date, address],
    )
  ).rows.map(({ version_seq }) => version_seq)

/** What is in force at the end of a day, by applying the decisions that have taken effect by then: the last decided of them counts. */
function modelOn(decisions: Decision[], offset: number): number[] {
  let seq = 0
  let standing: number[] = []
  for (const { deed, commences } of decisions) {
    if (deed === 'text') seq += 1
    if ((commences ?? 0) <= offset) standing = deed === 'text' ? [seq] : []
  }
  return standing
}

/** Decisions that a unit's lifecycle allows: it begins with a text, and only what is in force is retired. */
const decisions = fc
  .array(
    fc.record({
      deed: fc.constantFrom<Decision['deed']>('text', 'text', 'retire'),
      commences: fc.option(fc.integer({ min: -3, max: 3 })),
    }),
    { minLength: 1, maxLength: 5 },
  )
  .map((list) => list.filter(({ deed }, at) => deed === 'text' || (at > 0 && list[at - 1]!.deed === 'text')))
  .filter((list) => list[0]?.deed === 'text')

describe('what is in force on a day', () => {
  test('is by its commencement, and without one by its approval, whatever order they have', async () => {
    await fc.assert(
      fc.asyncProperty(decisions, async (list) => {
        const address = await decided(list)
        for (const offset of [-4, -2, -1, 0, 1, 2, 4])
          expect(await inForceOn(target.reader, day(offset), address), `day ${offset}`).toEqual(
            modelOn(list, offset),
          )
      }),
      { numRuns: 40 },
    )
  })

  test('a law that was approved and has not commenced leaves the old text in force', async () => {
    const address = await decided([
      { deed: 'text', commences: -2 },
      { deed: 'text', commences: 2 },
    ])
    const now = await target.reader.query(
      'select version_seq, status from cutter_reading.in_force where address = $1',
      [address],
    )
    // The lifecycle says what was decided last, the view what is in force.
    expect(now.rows).toEqual([{ version_seq: 1, status: 'superseded' }])
    const [first, second] = await readVersions(target.reader, address)
    expect(first).toMatchObject({ commencesOn: day(-2), until: `${day(2)}T00:00:00.000000Z` })
    expect(second).toMatchObject({ commencesOn: day(2), since: `${day(2)}T00:00:00.000000Z`, until: null })
    expect(second!.enactedAt! < second!.since!).toBe(true)
  })

  test('one article is found by its index, and not by reading all units', async () => {
    const { rows } = await target.reader.query<{ 'QUERY PLAN': string }>(
      `explain select text from cutter_reading.in_force_on('2026-11-28') where address = 'LAW/ARTICLE-1'`,
    )
    expect(rows.map((row) => row['QUERY PLAN']).join('\n')).toContain('information_unit_address_is_unique')
  })
})

describe('search', () => {
  test('takes each sign as itself', async () => {
    const address = `LAW-${++serial}/ARTICLE-1`
    await decide(async (executor, review) => {
      await executor.query(`select fn_iu_create($1, 'T', $2, 'me')`, [address, 'pay 50% of a_b \\ c'])
      await executor.query(`select fn_iu_enact($1, 'me', $2)`, [address, review])
    })
    const found = async (words: string) =>
      (await target.reader.query('select address from cutter_reading.search($1)', [words])).rowCount
    expect(await Promise.all(['50% OF', 'a_b \\', '5_%', 'a%b', 'x_b'].map(found))).toEqual([1, 1, 0, 0, 0])
  })
})

describe('who may read and write', () => {
  test('a role with the view alone reads by it and by all functions, and reads no table', async () => {
    const address = await decided([{ deed: 'text', commences: -1 }])
    await target.superuser.query(`create role library login;
      grant usage on schema cutter_reading to library; grant select on cutter_reading.unit_version to library`)
    const library = await target.connect('library')
    expect(await inForceOn(library, day(0), address)).toEqual([1])
    const asked = [
      `select from cutter_reading.history('${address}')`,
      `select from cutter_reading.search('${address}')`,
      `select from cutter_reading.in_force_at(now()) where address = '${address}'`,
    ]
    for (const sql of asked) expect((await library.query(sql)).rowCount, sql).toBe(1)
    const refused = ['public.unit_version', 'public.iu_lifecycle_log', 'cutter_reading.commencement']
    for (const table of refused)
      await expect(library.query(`select from ${table}`), table).rejects.toMatchObject({ code: '42501' })
  })

  test.each(['reader', 'verifier'] as const)('the %s writes no commencement', async (role) => {
    const write = target[role].query(
      `insert into cutter_reading.commencement (change_set_id, commences_on, created_by) values ('x', '2026-01-01', 'me')`,
    )
    await expect(write).rejects.toMatchObject({ code: '42501' })
  })

  test('nobody changes or removes a commencement', async () => {
    await decided([{ deed: 'text', commences: 1 }])
    const changes = [
      [`update cutter_reading.commencement set commences_on = '2020-01-01'`, 'CU012'],
      ['delete from cutter_reading.commencement', 'CU012'],
      ['truncate cutter_reading.commencement', 'CU002'],
    ] as const
    for (const [sql, code] of changes) {
      await expect(target.executor.query(sql), sql).rejects.toMatchObject({ code: '42501' })
      await expect(target.superuser.query(sql), sql).rejects.toMatchObject({ code })
    }
  })
})
