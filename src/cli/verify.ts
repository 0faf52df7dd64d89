import { readFile, stat } from 'node:fs/promises'
import type { SignedRange } from '../bundle/signed-ranges.ts'
import { isTar } from '../bundle/tar.ts'
import { type Verdict, verifyBundle } from '../bundle/verify-bundle.ts'
import { CutterError } from '../domain/errors.ts'
import { answer } from './io.ts'
import { withoutStore } from './without-store.ts'

/** Larger ones would not fit into memory, where a bundle is read once. */
const MAX_BYTES = 2 * 1024 ** 3

/** Checks a bundle. Needs no home, no database and no network: whoever checks has nothing of ours but this program. */
export function verify(file: string, options: { signers?: string; json?: boolean }): Promise<number> {
  return withoutStore(options, async (io) => {
    const { signers } = options
    if (signers !== undefined) await regularFile(signers, 'the file of signers')
    const verdict = await verifyBundle(await readBundle(file), signers ?? null)
    answer(io, verdict, () => linesOf(file, verdict))
    return verdict.holds ? 0 : 1
  })
}

async function readBundle(file: string): Promise<Buffer> {
  const size = await regularFile(file, 'the bundle')
  if (size > MAX_BYTES) throw refused(`the bundle ${file} is larger than ${MAX_BYTES} bytes`)
  const bytes = await readFile(file).catch((cause: Error) => {
    throw refused(`can't read the bundle ${file}: ${cause.message}`, cause)
  })
  if (!isTar(bytes)) throw refused(`${file} is no bundle: it is not a tar`)
  return bytes
}

/** Its size in bytes. */
async function regularFile(file: string, what: string): Promise<number> {
  const found = await stat(file).catch((cause: Error) => {
    throw refused(`can't read ${what} ${file}: ${cause.message}`, cause)
  })
  if (!found.isFile()) throw refused(`${what} ${file} is not a file`)
  return found.size
}

const refused = (message: string, cause?: Error) =>
  new CutterError('INPUT_REFUSED', message, {
    next: 'cutter verify <bundle> --signers <allowed_signers>',
    cause,
  })

function linesOf(file: string, verdict: Verdict): string[] {
  const { holds, firstFault, runId, machine, mode, outcome, entries, ranges, notes } = verdict
  const run =
    runId === null
      ? []
      : [`run      ${runId}   ${machine}, ${mode}, ${outcome ?? 'open'}, ${entries} entries`]
  if (!holds) {
    const { code, message } = firstFault!
    return [`bundle   ${file} DOES NOT HOLD`, ...run, `fault    ${code}: ${message}`]
  }
  return [
    `bundle   ${file} holds`,
    ...run,
    ...ranges.map((range) => `${`${range.from}–${range.to}`.padEnd(8)} ${vouchedBy(range)}`),
    ...notes.map((note) => `note     ${note}`),
  ]
}

const DECIDED = { approve: 'approved', reject: 'rejected', void: 'voided' }

function vouchedBy({ by, kind, decision = 'approve', trusted, fingerprint }: SignedRange): string {
  if (kind === 'nobody') return 'vouched for by nobody'
  const how = { approval: DECIDED[decision], closeout: 'closed out', countersign: 'countersigned' }[kind]
  return `${how} by ${by} with ${fingerprint}, ${trusted ? 'whom you trust' : 'for whom nobody vouches to you'}`
}
