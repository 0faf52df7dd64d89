import { type Command, Option } from 'commander'
import { ROLES, type Role } from '../../domain/token.ts'
import { printAnswer } from '../answers.ts'
import { action, BY, defineCommand, type GlobalOptions } from '../define-command.ts'
import { inHome } from '../session.ts'
import { lineOfToken } from './token-lines.ts'

/** `cutter token create`: makes a token, and prints it once. Only its SHA-256 is kept. */
export function defineCreate(group: Command): void {
  defineCommand(
    group,
    'create',
    'make a token; it is shown once',
    'cutter token create --role operator --name deploybot --expires 30d',
  )
    .addOption(
      new Option(
        '--role <role>',
        'viewer reads and brings signed approvals; operator also starts and moves runs; admin does everything but approve',
      )
        .choices(ROLES)
        .makeOptionMandatory(),
    )
    .requiredOption('--name <label>', 'the operator whom histories name')
    .option('--expires <time>', 'a duration such as 12h or 30d; at most 366d', '30d')
    .option('--machines <list>', 'only for runs of these machines, such as cut,migrate')
    .option(
      '--run <run>',
      'make a read-only link to the gate at which this run waits, or to the run; needs --role viewer',
    )
    .option(...BY)
    .action(action(create))
}

interface CreateOptions extends GlobalOptions {
  role: Role
  name: string
  expires: string
  machines?: string
  run?: string
  by?: string
}

function create({ role, name, expires, machines, run, by, ...global }: CreateOptions): Promise<number> {
  return inHome(global, async ({ home, io }) => {
    const { createToken } = await import('../../service/tokens/create.ts')
    const created = await createToken(home, { role, name, expires, machines: machines?.split(','), run, by })
    printAnswer(io, created, () => [`token   ${created.token}`, `kept    ${lineOfToken(created)}`])
    return 0
  })
}
