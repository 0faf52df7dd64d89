import type { Command } from 'commander'
import { CutterError } from '../../domain/errors.ts'
import type { CountersignedCloseout } from '../../service/approvals/countersign.ts'
import { printAnswer, printWarnings } from '../answers.ts'
import { RUN } from '../arguments.ts'
import { action, defineCommand, type GlobalOptions } from '../define-command.ts'
import type { Io } from '../io.ts'
import { inHome, type Session } from '../session.ts'
import { KEY } from './statement-options.ts'

interface Options extends GlobalOptions {
  as: string
  key?: string
  statement?: string
  signature?: string
}

/**
 * `cutter approval countersign`: a person vouches for the end of a closed run, with a signature next to that of the instance. Who signed
 * already gets the same answer again. Without a key it prints the bytes to sign elsewhere, and `--statement` with `--signature` brings them back.
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
    .option(KEY[0], `${KEY[1]}; without one the bytes to sign are printed`)
    .option('--statement <file>', 'the bytes that were signed elsewhere, in the namespace cutter.closeout')
    .option('--signature <file>', 'the signature that ssh-keygen -Y sign made of them')
    .action(action(countersign))
}

function countersign(run: string, options: Options): Promise<number> {
  return inHome(options, async (session) => {
    const { as, key, statement, signature } = options
    assertTogether(options)
    if (key !== undefined) return countersignWith(session, run, { ...options, key })
    const { composeCloseoutStatement, importCountersignature } = await import(
      '../../service/approvals/countersign.ts'
    )
    const { home, io } = session
    if (statement === undefined || signature === undefined) {
      io.outExactly(await composeCloseoutStatement(home, { run, as }))
      return 0
    }
    const brought = { run, as, statement: { file: statement }, signature: { file: signature } }
    return printCountersigned(io, await importCountersignature(home, brought))
  })
}

/** Signs with a key of whoever runs this process, here or for a service. */
async function countersignWith(session: Session, run: string, options: Options & { key: string }) {
  const { home, io } = session
  const { findLiveService } = await import('../live-service.ts')
  const service = home.isServed ? null : await findLiveService()
  if (service !== null) {
    const { countersignForService } = await import('./sign-for-service.ts')
    return countersignForService(session, service, run, options)
  }
  const { countersignCloseout } = await import('../../service/approvals/countersign.ts')
  const { as, key } = options
  return printCountersigned(io, await countersignCloseout(home, { run, as, key }))
}

function assertTogether({ key, statement, signature }: Options): void {
  const isBrought = statement !== undefined && signature !== undefined
  if (statement === undefined && signature === undefined) return
  if (isBrought && key === undefined) return
  throw new CutterError(
    'USAGE',
    '--statement and --signature belong together, and --key replaces both; nothing was signed',
    { next: 'give --key, or --statement and --signature, or none of them for the bytes to sign' },
  )
}

function printCountersigned(io: Io, { closeout, warnings }: CountersignedCloseout): number {
  printWarnings(io, warnings)
  printAnswer(io, closeout, () => [
    `run       ${closeout.runId}: its closeout is signed by ${closeout.signer}`,
    `closeout  ${closeout.closeoutDigest}`,
    `next      cutter run export ${closeout.runId} --out <file>`,
  ])
  return 0
}
