import { CutterError } from '../../domain/errors.ts'
import { type CommonOptions, command } from '../command.ts'
import { answer, table } from '../io.ts'

/** Makes our tables, functions and roles in a target; does nothing where they are. */
export function targetInit(name: string, options: CommonOptions) {
  return command(options, async ({ app, io }) => {
    const { initNamedTarget } = await import('./init.ts')
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
  return command(options, async ({ app, io }) => {
    const { Stop } = await import('../../domain/errors.ts')
    const target = await (await app()).target(name)
    const context = { runId: 'survey', signal: (await app()).parts.interrupt } as never
    try {
      const { survey, transactionId } = await target.survey(context, options.document)
      const { facts, wrong } = await target.grantFacts(context)
      const grantsMatch = wrong.length === 0 && survey.grantMatrixDigest === target.expectedGrantMatrixDigest
      answer(io, { target: name, ...survey, facts, wrong, grantsMatch, transactionId }, () => [
        `target    ${name}: ${survey.server.database} on PostgreSQL ${survey.server.version}, system ${survey.server.systemIdentifier}`,
        `grants    ${grantsMatch ? 'as expected' : `NOT as expected: ${wrong.join('; ') || survey.grantMatrixDigest}`}`,
        '',
        ...table(
          ['TABLE', 'ROWS', 'OF THE DOCUMENT'],
          Object.entries(survey.counts.whole).map(([table, rows]) => [
            table,
            rows === null ? 'unreadable' : String(rows),
            survey.counts.document[table] === undefined || survey.counts.document[table] === null
              ? ''
              : String(survey.counts.document[table]),
          ]),
        ),
      ])
      return 0
    } catch (error) {
      if (!(error instanceof Stop)) throw error
      const code = error.facts.code === 'STOP_TARGET_UNREACHABLE' ? 'TARGET_UNREACHABLE' : 'TARGET_REFUSED'
      throw new CutterError(
        code,
        error.message,
        error.facts.next === undefined ? {} : { next: error.facts.next },
      )
    }
  })
}
