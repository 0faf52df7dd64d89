import type { Command } from 'commander'
import { printAnswer, printWarnings } from '../answers.ts'
import { RUN } from '../arguments.ts'
import { action, defineCommand, type GlobalOptions } from '../define-command.ts'
import { inHome } from '../session.ts'
import { KEY } from './statement-options.ts'

/**
 * `cutter approval countersign`: a person vouches for the end of a closed run, with a signature next to that of the instance. Who signed
 * already gets the same answer again.
 */
export function defineCountersign(group: Command): void {
  defineCommand(
    group,
    'countersign',
    'sign the closeout of a closed run; the next export carries the signature',
    'cutter approval countersign 0f3a9c1d --as alice@example.org --key ~/.ssh/id_ed25519',
  )
    .argument('<run>', RUN)
    .requiredOption('--as <principal>', 'the principal who signs, as listed in allowed_signers')
    .requiredOption(...KEY)
    .action(action(countersign))
}

function countersign(run: string, options: GlobalOptions & { as: string; key: string }): Promise<number> {
  return inHome(options, async ({ home, io }) => {
    const { countersignCloseout } = await import('../../service/approvals/countersign.ts')
    const { as, key } = options
    const { closeout, warnings } = await countersignCloseout(home, { run, as, key })
    printWarnings(io, warnings)
    printAnswer(io, closeout, () => [
      `run       ${closeout.runId}: its closeout is signed by ${closeout.signer}`,
      `closeout  ${closeout.closeoutDigest}`,
      `next      cutter run export ${closeout.runId} --out <file>`,
    ])
    return 0
  })
}
