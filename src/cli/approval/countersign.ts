import { sealingOf } from '../../app/open-app.ts'
import { digestOfBytes } from '../../domain/json.ts'
import { answer } from '../io.ts'
import { type CommonOptions, command } from '../session.ts'

/** Puts a person's own name under the end of a run; the next export carries it. */
export function approvalCountersign(text: string, options: CommonOptions & { as: string; key: string }) {
  return command(options, async ({ app, home, store, io, known }) => {
    const { addCountersignature, findCountersignatureFault } = await import('../../bundle/sign-closeout.ts')
    const run = await known(text)
    const { trust } = (await app()).parts
    const signed = await addCountersignature(sealingOf(home, store), run, {
      ...{ as: options.as, keyFile: options.key, trust },
    })
    // One of earlier, by a key that was good then.
    const doubt = await findCountersignatureFault(signed, trust)
    if (doubt !== null)
      io.err(`cutter: this home's allowed_signers does not vouch for it any more: ${doubt.message}`)
    const { runId: id, kind, signer, at, statementText } = signed
    const closeoutDigest = digestOfBytes(statementText)
    answer(io, { runId: id, kind, signer, at, closeoutDigest }, () => [
      `run       ${id}: its closeout is signed by ${signer}`,
      `closeout  ${closeoutDigest}`,
      `next      cutter run export ${id} --out <file>`,
    ])
    return 0
  })
}
