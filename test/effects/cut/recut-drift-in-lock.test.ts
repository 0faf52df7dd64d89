import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { jsonEvidence } from '../../../src/domain/evidence.ts'
import { planLifecycle } from '../../../src/effects/cut/lifecycle-plan.ts'
import { examineInForce } from '../../../src/effects/cut/verifier.ts'
import { type CutBench, CutRun, startCutBench, TEXT } from './cut-fixture.ts'

// A re-cut inside of its locks, after another session has changed the document since the approval.

let bench: CutBench
beforeAll(async () => {
  bench = await startCutBench()
})
afterAll(() => bench?.cluster.stop())

const newRun = (document?: string) => new CutRun(bench, document)

describe('the writes of a re-cut inside their locks', () => {
  const AMENDED = '## Article 1\n\nOne.\n\n## Article 2\n\nTwo, and more.\n\n## Article 4\n\nFour.\n'

  /** Articles 1 to 3 are in force. The run amends 2, removes 3 and adds 4. */
  async function recut() {
    const first = newRun()
    await enacted(first, await first.planned(`${TEXT}\n## Article 3\n\nThree.\n`))
    const run = newRun(first.document)
    return { run, ...(await run.planned(AMENDED, 'NUMBER_GAP')) }
  }

  async function drafted(run: CutRun, { plan, given }: Awaited<ReturnType<CutRun['planned']>>) {
    const legA = await run.execute('cut_leg_a', given)
    for (const one of legA.evidence ?? []) run.keep(one)
    await run.execute('leg_b_record', { ...given, legADigest: legA.output.legADigest })
    const { survey } = await bench.target.survey(run.context, run.document)
    const lifecycle = jsonEvidence('plan/SG2', planLifecycle(plan, survey.units, survey.surface))
    return { ...given, planDigest: run.keep(lifecycle), cutPlanDigest: given.planDigest! }
  }

  async function enacted(run: CutRun, planned: Awaited<ReturnType<CutRun['planned']>>) {
    await run.execute('lifecycle_enact', await drafted(run, planned))
  }

  const amend = (address: string, text: string) =>
    bench.cluster.superuser.query("select * from fn_iu_add_version($1, 'x', $2, 'somebody')", [address, text])

  const inForce = (run: CutRun) =>
    bench.target.read('verifier', run.context, (sql) => examineInForce(sql, `cs-${run.context.runId}`))

  test('cut_leg_a writes nothing when a unit in force has got a draft since the plan', async () => {
    const { run, given } = await recut()
    await amend(`${run.document}/ARTICLE-1`, 'Somebody else’s.')
    await expect(run.execute('cut_leg_a', given)).rejects.toMatchObject({
      facts: {
        code: 'STOP_DRIFT',
        data: {
          differences: [
            expect.stringMatching(
              /^unit DOC-\d+\/ARTICLE-1, its draft behind that: none → sha256:[0-9a-f]{64}$/,
            ),
          ],
        },
      },
    })
    expect(await run.probe('cut_leg_a', given)).toEqual({ outcome: 'not-committed' })
    expect(await run.units()).toEqual([{ status: 'enacted', n: 3 }])
  })

  test('lifecycle_enact enacts nothing when its draft is not the newest, or a unit that ends has changed', async () => {
    const { run, plan, given } = await recut()
    const enactment = await drafted(run, { plan, given })
    expect(await run.probe('cut_leg_a', given)).toMatchObject({
      outcome: 'committed',
      output: { created: 1, versions: 2, adopted: 0 },
    })
    const [two, three] = [`${run.document}/ARTICLE-2`, `${run.document}/ARTICLE-3`]
    await amend(two, 'Else.')
    await amend(three, 'Three, otherwise.')
    await bench.cluster.superuser.query(
      `select * from fn_iu_supersede(p_address => $1, p_version_seq => 2, p_actor => 'somebody',
         p_review_decision_id => (select review_decision_id from iu_lifecycle_log l join information_unit u on u.id = l.unit_id
           where u.canonical_address = $1))`,
      [three],
    )
    await expect(run.execute('lifecycle_enact', enactment)).rejects.toMatchObject({
      facts: {
        code: 'STOP_DRIFT',
        data: {
          differences: expect.arrayContaining([
            expect.stringMatching(`^unit ${two}, its draft behind that: `),
            `unit ${two}, its draft, was at version 2, is at 3`,
            expect.stringMatching(`^unit ${three} has another text: `),
            `unit ${three} was at version 1, is at 2`,
          ]),
        },
      },
    })
    expect(await run.probe('lifecycle_enact', enactment)).toEqual({ outcome: 'not-committed' })
    expect(await run.units()).toEqual([
      { status: 'draft', n: 1 },
      { status: 'enacted', n: 3 },
    ])
  })

  test('the probe finds a committed re-cut, and the verifier finds exactly the new text in force', async () => {
    const { run, plan, given } = await recut()
    const enactment = await drafted(run, { plan, given })
    expect(await inForce(run)).toMatchObject({
      every_unit_of_the_text_is_in_force: false,
      nothing_else_of_the_document_is_in_force: true,
    })
    const { output } = await run.execute('lifecycle_enact', enactment)
    expect(output).toMatchObject({ enacted: 2, edges: 1 + 2 + 2, report: { superseded: 1, ended: 1 } })
    expect(await run.probe('lifecycle_enact', enactment)).toMatchObject({ outcome: 'committed', output })
    expect(Object.values(await inForce(run))).toEqual([true, true, true, true])

    const other = newRun(run.document)
    await run.insert(`${run.document}/ARTICLE-9`, 'Somebody else’s.')
    await bench.cluster.superuser.query(
      `select * from fn_iu_enact(p_address => $1, p_actor => 'somebody', p_review_decision_id => $2)`,
      [`${other.document}/ARTICLE-9`, `rd-${run.context.runId}-2`],
    )
    expect(await inForce(run)).toMatchObject({
      every_unit_of_the_text_is_in_force: true,
      nothing_else_of_the_document_is_in_force: false,
    })
  })
})
