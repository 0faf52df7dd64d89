import { CutterError, Stop } from '../../domain/errors.ts'
import type { Survey } from '../../targets/survey.ts'
import { answer, table } from '../io.ts'
import { type CommonOptions, command, type Session } from '../session.ts'

/** Makes our tables, functions and roles in a target; does nothing where they are. */
export function targetInit(name: string, options: CommonOptions) {
  return command(options, async ({ app, io }) => {
    const { initNamedTarget } = await import('../../service/targets/init.ts')
    const { applied, already } = await initNamedTarget(await app(), name)
    answer(io, { target: name, applied, already }, () => [
      applied.length === 0
        ? `target ${name} was ready already (${already.length} migrations)`
        : `target ${name} is ready: applied ${applied.join(', ')}`,
    ])
    return 0
  })
}

/** What a run would see of a target, read as the reader. */
export function targetSurvey(name: string, options: CommonOptions & { document: string }) {
  return command(options, async (session) => {
    const { survey, facts, wrong, grantsMatch, transactionId } = await looked(session, name, options.document)
    answer(session.io, { target: name, ...survey, facts, wrong, grantsMatch, transactionId }, () => [
      lineOfTarget(name, survey.server),
      `grants    ${grantsMatch ? 'as expected' : `NOT as expected: ${wrong.join('; ') || survey.grantMatrixDigest}`}`,
      '',
      ...table(
        ['TABLE', 'ROWS', 'OF THE DOCUMENT'],
        Object.entries(survey.counts.whole).map(([table, rows]) => [
          table,
          rows === null ? 'unreadable' : String(rows),
          String(survey.counts.document[table] ?? ''),
        ]),
      ),
    ])
    return 0
  })
}

/** What each role may do there, fact by fact, against what it must. Only looks; exit code 3 where a run would be stopped. */
export function targetGrants(name: string, options: CommonOptions) {
  return command(options, async (session) => {
    const { survey, facts, expected, expectedDigest, wrong, grantsMatch } = await looked(session, name, '')
    const { grantMatrixDigest, server } = survey
    const told = Object.entries(facts).map(([fact, holds]) => ({ fact, holds, expected: expected[fact]! }))
    const answered = { target: name, grantsMatch, grantMatrixDigest, expectedDigest, facts: told, wrong }
    answer(session.io, answered, () => [
      lineOfTarget(name, server),
      `matrix    ${grantMatrixDigest}`,
      `expected  ${expectedDigest}${grantsMatch ? '' : ' — NOT as expected'}`,
      '',
      ...table(
        ['FACT', 'HOLDS', 'EXPECTED'],
        told.map(({ fact, holds, expected }) => [
          fact,
          yesNo(holds),
          `${yesNo(expected)}${holds === expected ? '' : '   <-- differs'}`,
        ]),
      ),
    ])
    return grantsMatch ? 0 : 3
  })
}

const yesNo = (yes: boolean) => (yes ? 'yes' : 'no')
const lineOfTarget = (name: string, { database, version, systemIdentifier }: Survey['server']) =>
  `target    ${name}: ${database} on PostgreSQL ${version}, system ${systemIdentifier}`

async function looked({ app }: Session, name: string, document: string) {
  const { EXPECTED_GRANT_FACTS } = await import('../../targets/postgres/grant-facts.ts')
  const opened = await app()
  const target = await opened.target(name)
  const context = { runId: 'survey', signal: opened.parts.interrupt } as never
  try {
    const { survey, transactionId } = await target.survey(context, document)
    const { facts, wrong } = await target.grantFacts(context)
    const { expectedGrantMatrixDigest: expectedDigest } = target
    const grantsMatch = wrong.length === 0 && survey.grantMatrixDigest === expectedDigest
    return {
      survey,
      transactionId,
      facts,
      expected: EXPECTED_GRANT_FACTS,
      wrong,
      expectedDigest,
      grantsMatch,
    }
  } catch (error) {
    if (!(error instanceof Stop)) throw error
    const { code, next } = error.facts
    const told = code === 'STOP_TARGET_UNREACHABLE' ? 'TARGET_UNREACHABLE' : 'TARGET_REFUSED'
    throw new CutterError(told, error.message, next === undefined ? {} : { next })
  }
}
