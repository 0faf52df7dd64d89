import type { Command } from 'commander'
import type { TargetGrants } from '../../service/targets/grants.ts'
import { printAnswer } from '../answers.ts'
import { action, defineCommand, type GlobalOptions } from '../define-command.ts'
import { inHome } from '../session.ts'
import { formatTable } from '../table.ts'
import { lineOfTarget, TARGET } from './target-lines.ts'

/**
 * `cutter target grants`: compares, fact by fact, what each role may do in a target with what it must. Exit code 3 where a run would be
 * stopped.
 */
export function defineGrants(group: Command): void {
  defineCommand(
    group,
    'grants',
    'compare what each role may do in a target with what it must; exit code 3 if they differ',
    'cutter target grants main',
  )
    .argument('[target]', TARGET, 'embedded')
    .action(action(grants))
}

function grants(target: string, options: GlobalOptions): Promise<number> {
  return inHome(options, async ({ home, io }) => {
    const { readTargetGrants } = await import('../../service/targets/grants.ts')
    const { grants: found, server } = await readTargetGrants(home, { target })
    printAnswer(io, found, () => [lineOfTarget(target, server), ...linesOfGrants(found, io.width)])
    return found.grantsMatch ? 0 : 3
  })
}

function linesOfGrants(
  { grantMatrixDigest, expectedDigest, grantsMatch, facts }: TargetGrants,
  width: number | null,
): string[] {
  const rows = facts.map(({ fact, holds, expected }) => [
    fact,
    yesOrNo(holds),
    `${yesOrNo(expected)}${holds === expected ? '' : '   <-- differs'}`,
  ])
  return [
    `matrix    ${grantMatrixDigest}`,
    `expected  ${expectedDigest}${grantsMatch ? '' : ' — NOT as expected'}`,
    '',
    ...formatTable(['FACT', 'HOLDS', 'EXPECTED'], rows, width),
  ]
}

const yesOrNo = (yes: boolean) => (yes ? 'yes' : 'no')
