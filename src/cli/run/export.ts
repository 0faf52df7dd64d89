import type { Command } from 'commander'
import { printAnswer } from '../answers.ts'
import { RUN } from '../arguments.ts'
import { action, defineCommand, type GlobalOptions } from '../define-command.ts'
import { asideOf, readOutput } from '../output.ts'
import { inHome } from '../session.ts'

/**
 * `cutter run export`: writes the evidence bundle, which `cutter verify` checks without this home. It signs the closeout of a closed run
 * first if that is missing. An open run is exported up to its newest entry.
 */
export function defineExport(group: Command): void {
  defineCommand(
    group,
    'export',
    'write the evidence bundle of a run: one file that anyone can check',
    'cutter run export 0f3a9c1d --out run.tar',
  )
    .argument('<run>', RUN)
    .requiredOption('--out <file>', 'the evidence bundle to write; the file must not exist yet (-: stdout)')
    .action(action(exportBundle))
}

function exportBundle(run: string, options: GlobalOptions & { out: string }): Promise<number> {
  return inHome(options, async ({ home, io }) => {
    const { exportRunBundle } = await import('../../service/runs/export.ts')
    const exported = await exportRunBundle(home, { run, out: readOutput(io, options.out) })
    const { runId, file, digest, entries, status, closeout, countersigned } = exported
    const { unsignedBecause, unproven = [] } = exported
    printAnswer(asideOf(io, options.out), exported, () => [
      `run     ${runId}, ${entries} entries`,
      `bundle  ${file}`,
      `        ${digest}`,
      ...(status === 'closed'
        ? []
        : [`open    at entry ${entries} (${status}): no signature covers its end`]),
      ...(closeout === 'signed' ? ['signed  by this instance'] : []),
      ...(unsignedBecause === undefined ? [] : [`unsigned: ${unsignedBecause}`]),
      ...countersigned.map((signer) => `signed  by ${signer}`),
      ...unproven.map((sentence) => `note    ${sentence}`),
      `next    cutter verify ${options.out === '-' ? '<bundle>' : options.out} --signers <allowed_signers>`,
    ])
    return 0
  })
}
