import { type Command, Option } from 'commander'
import { CutterError } from '../../domain/errors.ts'
import { integer, RUN } from '../arguments.ts'
import { action, defineCommand, type GlobalOptions } from '../define-command.ts'
import { inHome } from '../session.ts'

interface Options extends GlobalOptions {
  format: 'json' | 'markdown'
  page?: number
  pageSize: number
}

/**
 * `cutter run plan`: prints what an approver signs for. As JSON these are the canonical bytes (RFC 8785) without a final newline, so that
 * their SHA-256 is the plan digest. In Markdown it is the plan for people.
 */
export function definePlan(group: Command): void {
  defineCommand(
    group,
    'plan',
    'print the plan: its canonical bytes, whose SHA-256 is the plan digest, or the plan for people',
    'cutter run plan 0f3a9c1d | sha256sum\n  cutter run plan 0f3a9c1d --format markdown | less',
  )
    .argument('<run>', RUN)
    .addOption(
      new Option('--format <format>', 'json: the canonical bytes; markdown: the plan for people')
        .choices(['json', 'markdown'])
        .default('json'),
    )
    .option(
      '--page <n>',
      'in Markdown: list the units of one page (default: all up to 500, else groups)',
      integer(),
    )
    .option('--page-size <n>', 'number of units on a page', integer(), 200)
    .action(action(plan))
}

function plan(run: string, options: Options): Promise<number> {
  return inHome(options, async ({ home, io }) => {
    const { format, page, pageSize } = options
    if (options.json === true && format === 'markdown') {
      throw new CutterError('USAGE', '--json and --format markdown contradict each other', {
        next: 'cutter run plan <run> --format markdown',
      })
    }
    const { readRunPlan } = await import('../../service/runs/plan.ts')
    // Without a final newline, so that the SHA-256 of the output is the plan digest.
    io.outExactly(await readRunPlan(home, { run, format, page, pageSize }))
    return 0
  })
}
