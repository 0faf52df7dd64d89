import { afterAll, beforeAll, expect, test } from 'vitest'
import { reassembleDocument } from '../../src/effects/cut/verifier.ts'
import { articles, sentences } from '../support/articles.ts'
import { type CrashHarness, startCrashHarness } from './crash-harness.ts'
import { findPhaseRan } from './run-result.ts'

// A re-cut is killed in the two phases that write units: new versions, and the move of units into and out of force. Each case has its own
// document, which must end as if nothing had happened.

const BEFORE = articles(['1', sentences(1)], ['2', sentences(2)], ['3', sentences(3)], ['4', sentences(4)])
/** 1 stays, 2 is amended, 3 is renumbered, 4 is gone, 5 is new. */
const AFTER = articles(['1', sentences(1)], ['2', sentences(2, 4)], ['5', sentences(5)], ['6', sentences(3)])

let harness: CrashHarness
let sources: { before: string; after: string }
let undisturbed: unknown

beforeAll(async () => {
  harness = await startCrashHarness()
  sources = { before: harness.at.file('before.md', BEFORE), after: harness.at.file('after.md', AFTER) }
  undisturbed = await left(await recut('UNDISTURBED'), 'UNDISTURBED')
})

afterAll(() => harness?.remove())

async function recut(document: string, crashAt?: string) {
  await harness.finish({ key: `${document}-1`, document, mode: 'live', source: sources.before })
  // The new text leaves numbers out.
  const given = { source: sources.after, accept: 'NUMBER_GAP' }
  const task = { key: `${document}-2`, document, mode: 'live', ...given } as const
  if (crashAt !== undefined) await harness.killAt(task, crashAt)
  return harness.finish(task)
}

/** Every row of the document that may differ between two endings, without the ids. */
async function left({ runId }: { runId: string }, document: string) {
  const lines = async (sql: string) => {
    const { rows } = await harness.sql.query<{ line: string }>(sql, [document])
    return rows.map(({ line }) => line.replaceAll(document, 'document'))
  }
  const { rows: governance } = await harness.sql.query<{ n: number }>(
    `select ((select count(*) from cutter_governance.manifest_unit_block where envelope_id = 'me-' || $1)
       + (select count(*) from cutter_governance.cut_change_set_affected_row where change_set_id = 'cs-' || $1)
       + (select count(*) from cutter_governance.review_decision where manifest_id = 'me-' || $1))::int as n`,
    [runId],
  )
  return {
    versions: await lines(
      `select u.canonical_address || ' ' || u.lifecycle_status || ' v' || v.version_seq || ' ' || v.lifecycle_status
         || case when v.id = u.version_anchor_ref then ' *' else '' end as line
       from information_unit u join unit_version v on v.unit_id = u.id where u.doc_code = $1 order by line`,
    ),
    moves: await lines(
      `select u.canonical_address || ' v' || v.version_seq || ' ' || l.from_status || ' → ' || l.to_status as line
       from iu_lifecycle_log l join unit_version v on v.id = l.version_id join information_unit u on u.id = l.unit_id
       where u.doc_code = $1 order by line`,
    ),
    aliases: await lines(
      `select a.alias_address || ' → ' || u.canonical_address as line
       from cutter_governance.canonical_address_alias a join information_unit u on u.id = a.target_unit_id
       where u.doc_code = $1 order by line`,
    ),
    governance: governance[0]!.n,
    text: (await reassembleDocument(harness.sql, `cs-${runId}`)).toString(),
  }
}

test('an undisturbed re-cut leaves the expected rows', () => {
  expect(undisturbed).toEqual({
    versions: [
      'document/ARTICLE-1 enacted v1 enacted *',
      'document/ARTICLE-2 enacted v1 superseded',
      'document/ARTICLE-2 enacted v2 enacted *',
      'document/ARTICLE-3 superseded v1 superseded *',
      'document/ARTICLE-4 retired v1 retired *',
      'document/ARTICLE-5 enacted v1 enacted *',
      'document/ARTICLE-6 enacted v1 enacted *',
    ],
    moves: expect.objectContaining({ length: 4 + 2 + 2 + 1 + 2 }),
    aliases: ['document/ARTICLE-3 → document/ARTICLE-6'],
    governance: 3 + 2 + 3 + 2,
    text: AFTER,
  })
})

const points = [
  ['before-commit', 'execute'],
  ['commit-sent', 'probe'],
  ['committed', 'probe'],
  ['done', 'probe'],
] as const

for (const phase of ['cut_leg_a', 'lifecycle_enact']) {
  test.each(points)(
    `a re-cut that is killed in ${phase}, %s, ends as if nothing had happened`,
    async (point, ran) => {
      const document = `${phase}-${point}`.toUpperCase().replaceAll('_', '-')
      const run = await recut(document, `${phase}:${point}`)
      expect(await left(run, document)).toEqual(undisturbed)
      expect(findPhaseRan(await events(run.runId), phase)).toBe(ran)
    },
  )
}

async function events(runId: string) {
  const history = await harness.app.store.history(runId)
  return history.map(({ event, state }) => ({
    type: event.type,
    state,
    ran: event.ran,
    attempt: event.attempt,
  }))
}
