import type { Command } from 'commander'
import { printRun } from '../answers.ts'
import { action, BY, defineCommand, type GlobalOptions } from '../define-command.ts'
import { exitOfRun } from '../exit-codes.ts'
import { inHome } from '../session.ts'

interface Options extends GlobalOptions {
  host?: string
  key?: string
  by?: string
}

/**
 * `cutter run adopt`: starts an `adopt` run, which recognises a release that another home deployed. Prints the new run; the exit code is its
 * own.
 */
export function defineAdopt(group: Command): void {
  defineCommand(
    group,
    'adopt',
    'recognise a release that another home deployed, by its manifest and evidence bundle; only reads',
    'cutter run adopt run.tar --host web',
  )
    .argument('<bundle>', 'evidence bundle of the deploy, which this home’s allowed_signers must vouch for')
    .option(
      '--host <host>',
      'name of the deploy’s host in this home, where it differs from the plan’s; of several hosts each: web1=shop1,web2=shop2',
    )
    .option('--key <key>', 'start key: the same key and bundle always return the same run')
    .option(...BY)
    .action(action(adopt))
}

function adopt(bundle: string, options: Options): Promise<number> {
  return inHome(options, async ({ home, io }) => {
    const { adoptRelease } = await import('../../service/runs/adopt.ts')
    const { host, key, by } = options
    const answer = await adoptRelease(home, { bundle, host, key, by })
    printRun(io, answer)
    return exitOfRun(answer)
  })
}
