import type { Command } from 'commander'
import { printAnswer } from '../answers.ts'
import { action, BY, defineCommand, type GlobalOptions, REASON } from '../define-command.ts'
import { inHome } from '../session.ts'

/** `cutter instance rotate-key`: replaces the key of the instance by a new one, which the old one signs. */
export function defineRotateKey(group: Command): void {
  defineCommand(
    group,
    'rotate-key',
    'replace the key that signs closeouts; the old key signs the new one',
    'cutter instance rotate-key --reason "yearly"',
  )
    .option(...REASON)
    .option(...BY)
    .action(action(rotate))
}

function rotate(options: GlobalOptions & { reason?: string; by?: string }): Promise<number> {
  return inHome(options, async ({ home, io }) => {
    const { rotateKey } = await import('../../service/instance/rotate-key.ts')
    const { reason, by } = options
    const answer = await rotateKey(home, { reason, by })
    printAnswer(io, answer, () => [
      `old     ${answer.oldFingerprint}; the closeouts that it signed stay`,
      `new     ${answer.newFingerprint}, signed by the old key`,
      `file    ${answer.file}`,
      'next    give the new public key to those who verify bundles, who list it in addition to the old one',
    ])
    return 0
  })
}
