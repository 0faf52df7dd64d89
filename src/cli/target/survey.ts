import type { Command } from 'commander'
import type { TargetSurvey } from '../../service/targets/survey.ts'
import { printAnswer } from '../answers.ts'
import { action, defineCommand, type GlobalOptions } from '../define-command.ts'
import { inHome } from '../session.ts'
import { formatTable } from '../table.ts'
import { lineOfTarget, TARGET } from './target-lines.ts'

/**
 * `cutter target survey`: shows the rows and grants that a run would see, read as the reader's role, so that a wrong URL or grant is found
 * before a run. Exit code 0 also when grants differ; `target grants` decides.
 */
export function defineSurvey(group: Command): void {
  defineCommand(
    group,
    'survey',
    'show what a run would see of a target, read as the reader',
    'cutter target survey main --document ICX-CONST',
  )
    .argument('[target]', TARGET, 'embedded')
    .option('--document <id>', 'also count the rows of this document')
    .action(action(survey))
}

function survey(target: string, options: GlobalOptions & { document?: string }): Promise<number> {
  return inHome(options, async ({ home, io }) => {
    const { surveyTarget } = await import('../../service/targets/survey.ts')
    const surveyed = await surveyTarget(home, { target, document: options.document ?? '' })
    printAnswer(io, surveyed, () => linesOfSurvey(surveyed, io.width))
    return 0
  })
}

function linesOfSurvey(
  { target, server, counts, grantsMatch, wrong, grantMatrixDigest }: TargetSurvey,
  width: number | null,
): string[] {
  const differing = wrong.join('; ') || grantMatrixDigest
  const rows = Object.entries(counts.whole).map(([table, count]) => [
    table,
    count === null ? 'unreadable' : String(count),
    String(counts.document[table] ?? ''),
  ])
  return [
    lineOfTarget(target, server),
    `grants    ${grantsMatch ? 'as expected' : `NOT as expected: ${differing}`}`,
    '',
    ...formatTable(['TABLE', 'ROWS', 'OF THE DOCUMENT'], rows, width),
  ]
}
