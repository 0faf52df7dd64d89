import type { ClientBase } from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { digestOfBytes } from '../../../src/domain/json.ts'
import { startTarget, type TargetCluster } from '../../support/pg-cluster.ts'

let target: TargetCluster
let serial = 0

beforeAll(async () => {
  target = await startTarget()
})
afterAll(() => target.stop())

const anAddress = () => `TEST/DIEU-${++serial}`

async function one(client: ClientBase, sql: string, values: unknown[] = []) {
  const { rows } = await client.query(sql, values)
  expect(rows).toHaveLength(1)
  return rows[0]
}

async function count(table: string): Promise<number> {
  return (await one(target.superuser, `select count(*)::int as n from ${table}`)).n
}

const create = (address: string, body = 'a text', client: ClientBase = target.executor) =>
  one(client, `select * from fn_iu_create($1, 'a title', $2, 'someone')`, [address, body])

const enact = (address: string, review: string | null) =>
  one(target.executor, `select * from fn_iu_enact($1, 'someone', $2)`, [address, review])

const addVersion = (address: string, body: string) =>
  one(target.executor, `select * from fn_iu_add_version($1, 'a title', $2, 'someone')`, [address, body])

const supersede = (address: string, seq: number, review: string) =>
  one(target.executor, `select * from fn_iu_supersede($1, $2, 'someone', $3)`, [address, seq, review])

const retire = (address: string, review: string, state = 'retired') =>
  one(target.executor, `select * from fn_iu_retire($1, 'someone', $2, $3)`, [address, review, state])

const enactAll = (addresses: string[], seqs: (number | null)[], review: string) =>
  target.executor.query(
    'select * from fn_iu_enact($1::text[], $2::int[], $3::text, $4::text, null, null, null)',
    [addresses, seqs, 'someone', review],
  )

async function aReview(fields: { verdict?: string; kind?: string; prior?: string } = {}): Promise<string> {
  const { verdict = 'approve', kind = 'lifecycle', prior = null } = fields
  const row = await one(
    target.executor,
    `insert into cutter_governance.review_decision
       (governance_event_kind, verdict, prior_review_decision_id, reviewer_class, reviewer_identity, decision_at, decided_by)
     values ($1, $2, $3, 'human', 'alice', now(), 'alice') returning review_decision_id as id`,
    [kind, verdict, prior],
  )
  return row.id
}

async function anEnactedUnit() {
  const address = anAddress()
  await create(address)
  const review = await aReview()
  return { address, review, ...(await enact(address, review)) }
}

/** Runs a statement with the rights of the owner, in a transaction that is rolled back. */
async function asOwner(sql: string, values: unknown[] = []): Promise<void> {
  await target.superuser.query('begin')
  try {
    await target.superuser.query('set local role cutter_owner')
    await target.superuser.query(sql, values)
    await target.superuser.query('set constraints all immediate')
  } finally {
    await target.superuser.query('rollback')
  }
}

/** Damages a unit as only a superuser can, with all triggers and references disabled. */
async function broken(sql: string, values: unknown[]): Promise<void> {
  await target.superuser.query('begin')
  await target.superuser.query('set local session_replication_role = replica')
  await target.superuser.query(sql, values)
  await target.superuser.query('commit')
}

describe('fn_iu_create', () => {
  test('fn_iu_create makes a draft unit with its first version, anchored and hashed', async () => {
    const address = anAddress()
    const row = await create(address, 'Điều 1. Quyền')
    expect(row).toMatchObject({ version_seq: 1, created: true })
    const unit = await one(
      target.reader,
      `select u.*, v.content_hash, v.title, v.body, v.lifecycle_status as version_status
         from information_unit u join unit_version v on v.id = u.version_anchor_ref where u.canonical_address = $1`,
      [address],
    )
    expect(unit).toMatchObject({
      id: row.unit_id,
      version_anchor_ref: row.version_id,
      lifecycle_status: 'draft',
      version_status: 'draft',
      unit_kind: 'article',
      doc_code: 'TEST',
      owner_ref: 'someone',
      created_by: 'someone',
      title: 'a title',
      content_hash: digestOfBytes('Điều 1. Quyền'),
      content_anchor_ref: unit.content_hash,
    })
  })

  test('fn_iu_create stores every argument', async () => {
    const address = anAddress()
    await target.executor.query(
      `select fn_iu_create($1, 'T', 'B', 'actor', 'principle', 'section', 'owner', 'law', 'TEST', 'OTHER', 'I', 7)`,
      [address],
    )
    const unit = await one(target.reader, 'select * from information_unit where canonical_address = $1', [
      address,
    ])
    expect(unit).toMatchObject({
      unit_kind: 'principle',
      section_type: 'section',
      owner_ref: 'owner',
      identity_profile: { publication_type: 'law' },
      parent_or_container_ref: 'TEST',
      doc_code: 'OTHER',
      section_code: 'I',
      sort_order: 7,
    })
  })

  test('fn_iu_create answers a repeated call with the existing unit', async () => {
    const address = anAddress()
    const first = await create(address)
    const before = [await count('information_unit'), await count('unit_version')]
    expect(await create(address)).toEqual({ ...first, created: false })
    expect([await count('information_unit'), await count('unit_version')]).toEqual(before)
  })

  test('fn_iu_create makes the second of two writers of an address wait, and then answers with the first one’s unit', async () => {
    const other = await target.connect('cutter_executor')
    const address = anAddress()
    await other.query('begin')
    const first = await create(address, 'a text', other)
    const second = create(address)
    await expect
      .poll(() => count(`pg_stat_activity where wait_event = 'advisory' and datname = 'main'`))
      .toBe(1)
    await other.query('commit')
    expect(await second).toEqual({ ...first, created: false })
  })

  test('fn_iu_create writes many units in one call, and answers in their order', async () => {
    const there = anAddress()
    const first = await create(there, 'text 2')
    const addresses = [anAddress(), there, anAddress()]
    const bodies = ['text 1', 'text 2', 'text 3']
    const call = (texts: string[]) =>
      target.executor.query(
        `select * from fn_iu_create($1::text[], $2::text[], $3::text[], $4::text[], $4, $5::text[], $5, $6::int[], 'someone', null, null, null)`,
        [addresses, addresses, texts, addresses.map(() => 'article'), addresses.map(() => null), [1, 2, 3]],
      )
    const { rows } = await call(bodies)
    expect(rows.map(({ address, created }) => [address, created])).toEqual([
      [addresses[0], true],
      [addresses[1], false],
      [addresses[2], true],
    ])
    expect(rows[1]).toMatchObject({ unit_id: first.unit_id, version_id: first.version_id })
    expect((await call(bodies)).rows.map(({ created }) => created)).toEqual([false, false, false])
    // All units or none are written.
    const before = await count('information_unit')
    addresses.push(anAddress())
    await expect(call(['text 1', 'another', 'text 3', 'text 4'])).rejects.toMatchObject({ code: 'CU024' })
    await expect(call(['text 1', 'text 2', 'text 3', ''])).rejects.toMatchObject({ code: 'CU020' })
    expect(await count('information_unit')).toBe(before)
  })

  test('fn_iu_create writes many units in one statement, in order', async () => {
    const addresses = Array.from({ length: 50 }, anAddress)
    const { rows } = await target.executor.query(
      `select u.* from unnest($1::text[]) with ordinality as given (address, n),
         lateral fn_iu_create(given.address, 't', 'text ' || given.n, 'someone', p_sort_order => given.n::int) u`,
      [addresses],
    )
    expect(rows.filter((row) => row.created)).toHaveLength(50)
    const stored = await target.reader.query(
      'select canonical_address from information_unit where canonical_address = any ($1) order by sort_order',
      [addresses],
    )
    expect(stored.rows.map((row) => row.canonical_address)).toEqual(addresses)
  })

  test.each([
    ['an address', `fn_iu_create(null, 't', 'b', 'a')`, 'CU020'],
    ['a body', `fn_iu_create('X/1', 't', '', 'a')`, 'CU020'],
    ['an actor', `fn_iu_create('X/1', 't', 'b', null)`, 'CU020'],
    ['a kind that is a word', `fn_iu_create('X/1', 't', 'b', 'a', 'No Word')`, 'CU006'],
    ['a kind at all', `fn_iu_create('X/1', 't', 'b', 'a', null)`, 'CU004'],
    ['an address of its grammar', `fn_iu_create('X 1', 't', 'b', 'a')`, '23514'],
  ])('fn_iu_create refuses a unit without %s', async (_what, call, code) => {
    await expect(target.executor.query(`select ${call}`)).rejects.toMatchObject({ code })
  })

  test('fn_iu_create refuses another text at the same address', async () => {
    const address = anAddress()
    await create(address)
    await expect(create(address, 'another text')).rejects.toMatchObject({
      code: 'CU024',
      hint: expect.any(String),
    })
  })

  test('fn_iu_create refuses the address of a retired unit', async () => {
    const { address, review } = await anEnactedUnit()
    await retire(address, review)
    await expect(create(address)).rejects.toMatchObject({ code: 'CU025' })
  })

  test('fn_iu_create refuses a unit without a version', async () => {
    const address = anAddress()
    await broken(
      `insert into information_unit (canonical_address, unit_kind, owner_ref, created_by, updated_by) values ($1, 'article', 'x', 'x', 'x')`,
      [address],
    )
    await expect(create(address)).rejects.toMatchObject({ code: 'CU021' })
  })

  test.each([
    ['no anchor', 'version_anchor_ref = null', 'CU022'],
    ['an anchor to nothing', 'version_anchor_ref = gen_random_uuid()', 'CU022'],
    [
      'the anchor of another unit',
      'version_anchor_ref = (select id from unit_version v where v.unit_id <> u.id limit 1)',
      'CU023',
    ],
    ['a status that is not its version’s', `lifecycle_status = 'enacted'`, 'CU026'],
    ['a content anchor of another text', `content_anchor_ref = 'sha256:0'`, 'CU026'],
  ])('fn_iu_create refuses a unit with %s', async (_what, change, code) => {
    await create(anAddress())
    const address = anAddress()
    await create(address)
    await broken(`update information_unit u set ${change} where canonical_address = $1`, [address])
    await expect(create(address)).rejects.toMatchObject({ code })
  })
})

describe('fn_iu_enact', () => {
  test('fn_iu_enact enacts unit and version once, with one row in the log', async () => {
    const { address, review, unit_id, version_id } = await anEnactedUnit()
    const state = await one(
      target.reader,
      `select u.lifecycle_status as unit, v.lifecycle_status as version, v.enacted_at is not null as dated
         from information_unit u join unit_version v on v.id = u.version_anchor_ref where u.id = $1`,
      [unit_id],
    )
    expect(state).toEqual({ unit: 'enacted', version: 'enacted', dated: true })
    expect(await enact(address, review)).toEqual({
      unit_id,
      version_id,
      from_status: 'enacted',
      to_status: 'enacted',
      changed: false,
    })
    const log = await one(target.reader, 'select * from iu_lifecycle_log where unit_id = $1', [unit_id])
    expect(log).toMatchObject({
      version_id,
      from_status: 'draft',
      to_status: 'enacted',
      actor: 'someone',
      review_decision_id: review,
    })
  })

  test.each([
    ['no review decision', async () => null, 'CU030'],
    ['one that does not exist', async () => 'nowhere', 'CU031'],
    ['one that rejects', () => aReview({ verdict: 'reject' }), 'CU032'],
    ['one about the cut', () => aReview({ kind: 'cut' }), 'CU034'],
  ])('fn_iu_enact refuses %s', async (_what, review, code) => {
    const address = anAddress()
    await create(address)
    const id = await review()
    await expect(enact(address, id)).rejects.toMatchObject({ code })
  })

  test('fn_iu_enact refuses a review decision that a later one revoked', async () => {
    const address = anAddress()
    await create(address)
    const review = await aReview()
    await aReview({ verdict: 'void', prior: review })
    await expect(enact(address, review)).rejects.toMatchObject({ code: 'CU033' })
  })

  test('fn_iu_enact refuses an unknown unit, another decision’s unit, a retired unit and another target state', async () => {
    const { address, review } = await anEnactedUnit()
    await expect(enact('TEST/NOWHERE', review)).rejects.toMatchObject({ code: 'CU035' })
    const another = await aReview()
    await expect(enact(address, another)).rejects.toMatchObject({ code: 'CU036' })
    await retire(address, review)
    await expect(enact(address, review)).rejects.toMatchObject({ code: 'CU036' })
    await expect(
      target.executor.query(`select fn_iu_enact($1, 'someone', $2, 'retired')`, [address, review]),
    ).rejects.toMatchObject({ code: 'CU037' })
  })
})

describe('later versions', () => {
  test('a version waits behind the enacted one until it supersedes it', async () => {
    const { address, unit_id, version_id } = await anEnactedUnit()
    const added = await addVersion(address, 'a new text')
    expect(added).toMatchObject({ unit_id, version_seq: 2, created: true })
    expect(await addVersion(address, 'a new text')).toEqual({ ...added, created: false })
    const review = await aReview()
    expect(await supersede(address, 2, review)).toEqual({
      unit_id,
      version_id: added.version_id,
      from_status: 'draft',
      to_status: 'enacted',
      changed: true,
    })
    expect(await supersede(address, 2, review)).toMatchObject({ changed: false })
    const { rows } = await target.reader.query(
      `select v.id, v.lifecycle_status, u.lifecycle_status as unit, u.version_anchor_ref = v.id as anchored
         from unit_version v join information_unit u on u.id = v.unit_id where u.id = $1 order by v.version_seq`,
      [unit_id],
    )
    expect(rows).toEqual([
      { id: version_id, lifecycle_status: 'superseded', unit: 'enacted', anchored: false },
      { id: added.version_id, lifecycle_status: 'enacted', unit: 'enacted', anchored: true },
    ])
  })

  test('a draft unit gets its newest text immediately', async () => {
    const address = anAddress()
    await create(address)
    const added = await addVersion(address, 'a better text')
    expect(await create(address, 'a better text')).toMatchObject({
      version_id: added.version_id,
      version_seq: 2,
      created: false,
    })
  })

  test('a version that is not a later draft supersedes nothing', async () => {
    const { address } = await anEnactedUnit()
    const review = await aReview()
    await expect(supersede(address, 2, review)).rejects.toMatchObject({ code: 'CU038' })
    await expect(supersede(address, 1, review)).rejects.toMatchObject({ code: 'CU036' })
    const draft = anAddress()
    await create(draft)
    await expect(supersede(draft, 1, review)).rejects.toMatchObject({ code: 'CU036' })
  })

  test('fn_iu_retire moves one edge at a time and cannot be undone', async () => {
    const { address, review, unit_id } = await anEnactedUnit()
    expect(await retire(address, review, 'superseded')).toMatchObject({
      from_status: 'enacted',
      to_status: 'superseded',
    })
    expect(await retire(address, review)).toMatchObject({
      from_status: 'superseded',
      to_status: 'retired',
      changed: true,
    })
    expect(await retire(address, review)).toMatchObject({ changed: false })
    const { rows } = await target.reader.query(
      `select l.from_status || ' ' || l.to_status as edge from iu_lifecycle_log l join iu_lifecycle_vocab v on v.status = l.to_status
         where unit_id = $1 order by v.position`,
      [unit_id],
    )
    expect(rows.map((row) => row.edge)).toEqual(['draft enacted', 'enacted superseded', 'superseded retired'])
    await expect(retire(address, review, 'draft')).rejects.toMatchObject({ code: 'CU037' })
  })

  test.each([
    ['retired', 'another text'],
    ['retired', 'a text'],
    ['superseded', 'another text'],
  ])('a %s unit is revived by a later version, even if it is %s', async (state, text) => {
    const { address, review, unit_id, version_id } = await anEnactedUnit()
    await retire(address, review, state)
    const added = await addVersion(address, text)
    expect(added).toMatchObject({ unit_id, version_seq: 2, created: true })
    expect(await addVersion(address, text)).toEqual({ ...added, created: false })
    const again = await aReview()
    const { rows } = await enactAll([address], [2], again)
    expect(rows).toEqual([
      {
        ...{ address, unit_id, version_id: added.version_id, from_status: 'draft', to_status: 'enacted' },
        changed: true,
      },
    ])
    expect((await enactAll([address], [2], again)).rows[0]).toMatchObject({ changed: false })
    const { rows: versions } = await target.reader.query(
      `select v.id, v.lifecycle_status, u.lifecycle_status as unit, u.version_anchor_ref = v.id as anchored
         from unit_version v join information_unit u on u.id = v.unit_id where u.id = $1 order by v.version_seq`,
      [unit_id],
    )
    expect(versions).toEqual([
      { id: version_id, lifecycle_status: state, unit: 'enacted', anchored: false },
      { id: added.version_id, lifecycle_status: 'enacted', unit: 'enacted', anchored: true },
    ])
    const log = await one(
      target.reader,
      `select count(*)::int as n from iu_lifecycle_log where version_id = $1 and review_decision_id = $2`,
      [added.version_id, again],
    )
    expect(log.n).toBe(1)
  })

  test('a unit out of force is revived only by a named draft, and never by its old version', async () => {
    const { address, review, unit_id, version_id } = await anEnactedUnit()
    await retire(address, review)
    const again = await aReview()
    await expect(enactAll([address], [2], again)).rejects.toMatchObject({ code: 'CU038' })
    await expect(enactAll([address], [1], again)).rejects.toMatchObject({ code: 'CU038' })
    await addVersion(address, 'another text')
    await expect(enact(address, again)).rejects.toMatchObject({ code: 'CU036' })
    await expect(supersede(address, 2, again)).rejects.toMatchObject({ code: 'CU036' })
    // The triggers refuse a revival without a draft, or by an older version, independently of the functions.
    const back = `update public.information_unit set lifecycle_status = 'enacted' where id = $1`
    await expect(asOwner(back, [unit_id])).rejects.toMatchObject({ code: 'CU010' })
    const version = `update public.unit_version set lifecycle_status = 'enacted' where id = $1`
    await expect(asOwner(version, [version_id])).rejects.toMatchObject({ code: 'CU010' })
    const draft = `update public.information_unit u set lifecycle_status = 'enacted', content_anchor_ref = v.content_hash,
        version_anchor_ref = v.id from public.unit_version v where v.unit_id = u.id and v.version_seq = 2 and u.id = $1`
    await expect(asOwner(draft, [unit_id])).rejects.toMatchObject({ code: 'CU007' })
  })

  test('fn_iu_retire refuses a draft', async () => {
    const address = anAddress()
    await create(address)
    const review = await aReview()
    await expect(retire(address, review)).rejects.toMatchObject({ code: 'CU036' })
  })
})

describe('writer functions for many units', () => {
  const tables = ['information_unit', 'unit_version', 'iu_lifecycle_log']

  /** Counts the rows that a statement and its commit read in Cutter's tables, in a session without cached plans. */
  async function readBy(sql: string, values: unknown[]): Promise<number> {
    const client = await target.connect('cutter_executor')
    await client.query('begin')
    await client.query(sql, values)
    await client.query('set constraints all immediate')
    const { rows } = await client.query(
      `select sum(pg_stat_get_xact_tuples_returned(c.oid))::int as n from pg_class c left join pg_index i on i.indexrelid = c.oid
       where coalesce(i.indrelid, c.oid) = any ($1::regclass[])`,
      [tables],
    )
    await client.query('commit')
    await client.end()
    return rows[0].n
  }

  /** Statistics as if they were taken while the rows are written: tables of many pages without a row. */
  const pretendNoRows = () =>
    target.superuser.query(
      `update pg_class c set reltuples = 0, relpages = greatest(1, pg_relation_size(c.oid) / 8192)
       from pg_class t left join pg_index i on i.indexrelid = t.oid
       where c.oid = t.oid and coalesce(i.indrelid, t.oid) = any ($1::regclass[])`,
      [tables],
    )

  async function readsOf(units: number): Promise<number[]> {
    const addresses = Array.from({ length: units }, anAddress)
    const none = addresses.map(() => null)
    const review = await aReview()
    const steps: [string, unknown[]][] = [
      [
        `select fn_iu_create($1::text[], $1, $1, $2::text[], $2, $3::text[], $3, $4::int[], 'someone', null, null, null)`,
        [addresses, addresses.map(() => 'article'), none, none],
      ],
      [`select fn_iu_enact($1::text[], null, 'someone', $2::text, null, null, null)`, [addresses, review]],
      [
        `select fn_iu_add_version($1::text[], $1, $2::text[], 'someone')`,
        [addresses, addresses.map(() => 'new')],
      ],
      [
        `select fn_iu_supersede($1::text[], $2::int[], 'someone', $3::text, null, null, null)`,
        [addresses, addresses.map(() => 2), await aReview()],
      ],
      [
        `select fn_iu_retire(p_address => a, p_actor => 'someone', p_review_decision_id => $2) from unnest($1::text[]) a`,
        [addresses, await aReview()],
      ],
    ]
    const reads: number[] = []
    for (const [sql, values] of steps) {
      await pretendNoRows()
      reads.push(await readBy(sql, values))
    }
    return reads
  }

  test('writer functions read rows in proportion to the units, although the planner expects no rows', async () => {
    await readsOf(200)
    const few = await readsOf(200)
    const many = await readsOf(800)
    // Four times as many rows, not sixteen times.
    for (const [step, reads] of many.entries()) expect(reads / few[step]!, `step ${step}`).toBeLessThan(8)
  })
})

describe('guards of the unit tables', () => {
  const unitTables = ['information_unit', 'unit_version', 'iu_lifecycle_log', 'iu_lifecycle_vocab']
  const writes = unitTables.flatMap((table) => [
    `insert into ${table} default values`,
    `update ${table} set ${table === 'iu_lifecycle_vocab' ? 'meaning = status' : 'id = id'}`,
    `delete from ${table}`,
    `truncate ${table} cascade`,
  ])

  test.each(['reader', 'executor', 'verifier'] as const)('the %s has no privilege to write', async (role) => {
    for (const sql of writes)
      await expect(target[role].query(sql), sql).rejects.toMatchObject({ code: '42501' })
  })

  test.each(['reader', 'verifier'] as const)('the %s may call no writer function', async (role) => {
    await expect(target[role].query(`select fn_iu_create('X/1', 't', 'b', 'a')`)).rejects.toMatchObject({
      code: '42501',
    })
    await expect(target[role].query(`select fn_iu_enact('X/1', 'a', 'r')`)).rejects.toMatchObject({
      code: '42501',
    })
  })

  test('triggers stop the executor even when it has every privilege', async () => {
    await create(anAddress())
    const tables = unitTables.join(', ')
    await target.superuser.query(`grant insert, update, delete, truncate on ${tables} to cutter_executor`)
    await target.superuser.query(
      'grant truncate on all tables in schema cutter_governance to cutter_executor',
    )
    try {
      const codes = []
      for (const sql of writes)
        codes.push(
          await target.executor.query(sql).then(
            () => 'done',
            (error) => error.code,
          ),
        )
      expect(codes).toEqual([
        ...['CU001', 'CU001', 'CU003', 'CU002'],
        ...['CU001', 'CU001', 'CU003', 'CU002'],
        ...['CU001', 'CU011', 'CU011', 'CU002'],
        ...['CU011', 'CU011', 'CU011', 'CU002'],
      ])
    } finally {
      await target.superuser.query(
        `revoke insert, update, delete, truncate on ${tables} from cutter_executor`,
      )
      await target.superuser.query(
        'revoke truncate on all tables in schema cutter_governance from cutter_executor',
      )
    }
  })

  test('no setting or role change makes the executor the owner', async () => {
    await expect(target.executor.query('set role cutter_owner')).rejects.toMatchObject({ code: '42501' })
    await expect(target.executor.query('set session_replication_role = replica')).rejects.toMatchObject({
      code: '42501',
    })
  })

  test('birth gate 1 refuses missing fields, new rows that are not drafts, and kinds outside of the vocabulary', async () => {
    const unit =
      'insert into public.information_unit (canonical_address, unit_kind, owner_ref, created_by, updated_by, lifecycle_status)'
    await expect(asOwner(`${unit} values ('X/1', 'article', '', 'x', 'x', 'draft')`)).rejects.toMatchObject({
      code: 'CU004',
    })
    await expect(
      asOwner(`${unit} values ('X/1', 'article', 'x', 'x', 'x', 'enacted')`),
    ).rejects.toMatchObject({ code: 'CU005' })
    await expect(
      asOwner(`${unit} values ('X/1', 'An Article', 'x', 'x', 'x', 'draft')`),
    ).rejects.toMatchObject({ code: 'CU006' })
    const version =
      'insert into public.unit_version (unit_id, version_seq, body, content_hash, created_by, lifecycle_status)'
    await expect(
      asOwner(`${version} values (gen_random_uuid(), 1, '', '', 'x', 'draft')`),
    ).rejects.toMatchObject({ code: 'CU004' })
    await expect(
      asOwner(`${version} values (gen_random_uuid(), 1, 'b', '', 'x', 'enacted')`),
    ).rejects.toMatchObject({ code: 'CU005' })
    await expect(
      asOwner(`${version} values (gen_random_uuid(), 1, 'b', 'sha256:0', 'x', 'draft')`),
    ).rejects.toMatchObject({
      code: '23514',
      constraint: 'unit_version_hash_is_of_its_text',
    })
  })

  test('birth gate 2 refuses, at commit, a unit without an anchor or anchored to another one’s version', async () => {
    const other = await create(anAddress())
    const sql = `insert into public.information_unit (canonical_address, unit_kind, owner_ref, created_by, updated_by, version_anchor_ref)
      values ('X/2', 'article', 'x', 'x', 'x', $1)`
    await expect(asOwner(sql, [null])).rejects.toMatchObject({ code: 'CU007' })
    await expect(asOwner(sql, [other.version_id])).rejects.toMatchObject({ code: 'CU007' })
  })

  test('addresses, texts and enacted rows cannot be changed', async () => {
    const draft = await create(anAddress())
    const enacted = await anEnactedUnit()
    const unit = (id: string, change: string) =>
      asOwner(`update public.information_unit set ${change} where id = $1`, [id])
    const version = (id: string, change: string) =>
      asOwner(`update public.unit_version set ${change} where id = $1`, [id])
    await expect(unit(draft.unit_id, `canonical_address = 'X/3'`)).rejects.toMatchObject({ code: 'CU008' })
    await expect(unit(enacted.unit_id, `canonical_address = 'X/3'`)).rejects.toMatchObject({ code: 'CU008' })
    await expect(version(draft.version_id, `body = 'x'`)).rejects.toMatchObject({ code: 'CU008' })
    await expect(unit(enacted.unit_id, `sort_order = 99`)).rejects.toMatchObject({ code: 'CU009' })
    for (const change of [`body = 'x'`, `content_hash = 'x'`, 'version_seq = 9', `title = 'x'`]) {
      await expect(version(enacted.version_id, change), change).rejects.toMatchObject({ code: 'CU009' })
    }
    await expect(unit(draft.unit_id, 'sort_order = 99')).resolves.toBeUndefined()
  })

  test('a lifecycle moves forward by single steps only', async () => {
    const draft = await create(anAddress())
    const enacted = await anEnactedUnit()
    for (const [id, status] of [
      [draft.unit_id, 'superseded'],
      [draft.unit_id, 'retired'],
      [enacted.unit_id, 'draft'],
      [enacted.unit_id, 'retired'],
    ]) {
      const sql = 'update public.information_unit set lifecycle_status = $2 where id = $1'
      await expect(asOwner(sql, [id, status]), status).rejects.toMatchObject({ code: 'CU010' })
    }
  })

  test('a unit cannot move without its version', async () => {
    const draft = await create(anAddress())
    const sql = `update public.information_unit set lifecycle_status = 'enacted' where id = $1`
    await expect(asOwner(sql, [draft.unit_id])).rejects.toMatchObject({ code: 'CU007' })
  })

  test('not even the owner or a superuser can delete or change the log', async () => {
    await anEnactedUnit()
    await expect(asOwner('delete from public.information_unit')).rejects.toMatchObject({ code: 'CU003' })
    await expect(asOwner('delete from public.unit_version')).rejects.toMatchObject({ code: 'CU003' })
    await expect(asOwner(`update public.iu_lifecycle_log set reason = 'x'`)).rejects.toMatchObject({
      code: 'CU011',
    })
    await expect(target.superuser.query('delete from public.iu_lifecycle_log')).rejects.toMatchObject({
      code: 'CU011',
    })
    await expect(
      target.superuser.query('insert into public.information_unit default values'),
    ).rejects.toMatchObject({ code: 'CU001' })
  })
})
