import { resolve } from 'node:path'
import { sealingOf } from '../../app/open-app.ts'
import { answer } from '../io.ts'
import { type CommonOptions, command } from '../session.ts'

export function runExport(text: string, options: CommonOptions & { out: string }) {
  return command(options, async ({ home, store, io, known }) => {
    const { writeBundle } = await import('../../bundle/write-bundle.ts')
    const run = await known(text)
    const exported = await writeBundle(sealingOf(home, store), run, resolve(options.out))
    const { file, digest, entries, status, closeout, countersigned } = exported
    answer(io, exported, () => [
      `run     ${run.runId}, ${entries} entries`,
      `bundle  ${file}`,
      `        ${digest}`,
      ...(status === 'closed' ? [] : [`open    at entry ${entries} (${status}): no end is vouched for`]),
      ...(closeout === 'signed' ? ['signed  by this instance'] : []),
      ...(closeout === 'unsigned' ? ['unsigned: there is no ssh-keygen here to sign the closeout'] : []),
      ...countersigned.map((signer) => `signed  by ${signer}`),
      `next    cutter verify ${options.out} --signers <allowed_signers>`,
    ])
    return 0
  })
}
