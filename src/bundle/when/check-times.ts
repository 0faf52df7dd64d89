import { CutterError } from '../../domain/errors.ts'
import { findCosignedTime, type NoteKey } from '../../domain/signed-note.ts'
import type { Tools } from '../../tools/open-tools.ts'
import type { RunRecord } from '../run-record.ts'
import { provenParts } from './kept-proofs.ts'
import { checkpointText, parseLogProof, proves } from './log-proof.ts'
import { isTrustedToken, readTimeToken } from './time-token.ts'

/** Whom a checker believes about time. Nothing in a bundle makes anybody trusted. */
export interface TimeTrust {
  /** Path of a file with the certificates of time-stamping authorities, PEM; null: none is trusted. */
  authorities: string | null
  /** The keys of witnesses; null: none is trusted. */
  witnesses: NoteKey[] | null
  tools: Tools
}

/** A proof in a bundle that an approval or the closeout existed at a time. */
export interface ProofOfTime {
  kind: 'time-token' | 'log-proof'
  /** The file in the bundle. */
  path: string
  /** The id of an approval, or `closeout`. */
  of: string
  /** The time that it proves for whoever trusts it, ISO 8601; null when it cannot be read. */
  at: string | null
  /** Who says so: the subject of the authority's certificate, or the witness. */
  by: string | null
  /** Whether somebody whom the checker trusts says so. */
  trusted: boolean
  /** Why nobody may rely on it, whomever they trust. Null: nothing speaks against it. */
  fault: string | null
}

/**
 * Checks the proofs of time in a bundle. They never decide whether the bundle holds: it holds without them, and an authority that a checker does not
 * trust proves nothing to them.
 */
export async function checkTimes(record: RunRecord, trust: TimeTrust): Promise<ProofOfTime[]> {
  const found: ProofOfTime[] = []
  for (const { kind, path, digest, of } of provenParts(record)) {
    const bytes = record.optionalParts.get(path)
    if (bytes === undefined) continue
    const common = { kind, path, of }
    if (kind === 'time-token') found.push({ ...common, ...(await checkToken(bytes, digest, trust)) })
    else
      for (const one of checkLogProof(Buffer.from(bytes).toString('utf8'), record.closeout!.text, trust))
        found.push({ ...common, ...one })
  }
  return found
}

type Found = Omit<ProofOfTime, 'kind' | 'path' | 'of'>

const NOTHING: Found = { at: null, by: null, trusted: false, fault: null }

async function checkToken(
  answer: Uint8Array,
  digest: string,
  { tools, authorities }: TimeTrust,
): Promise<Found> {
  try {
    const token = await readTimeToken(tools, answer)
    if (token === null) return { ...NOTHING, fault: 'openssl reads no time token in it' }
    const { at, authority: by } = token
    const found = { ...NOTHING, at, by }
    if (token.digest !== digest) return { ...found, fault: 'it is of other bytes' }
    if (by === null) return { ...found, fault: 'its signature is not valid, or it has no certificate' }
    if (authorities === null) return found
    return { ...found, trusted: await isTrustedToken(tools, { answer, digest, at, authorities }) }
  } catch (error) {
    if (!(error instanceof CutterError)) throw error
    return { ...NOTHING, fault: `not checked: ${error.message}` }
  }
}

/** One answer for each cosignature that somebody whom the checker trusts made; else one for the proof. */
function checkLogProof(text: string, closeout: string, { witnesses }: TimeTrust): Found[] {
  const made = parseLogProof(text)
  if (made === null) return [{ ...NOTHING, fault: 'it is not a proof of a log' }]
  const by = made.origin
  if (!proves(made, closeout)) return [{ ...NOTHING, by, fault: 'its log does not hold this closeout' }]
  const checkpoint = checkpointText(made)
  const trusted = (witnesses ?? []).flatMap((key) => {
    const times = made.signatures.map((one) => findCosignedTime(checkpoint, one, key))
    const time = times.find((one) => one !== null)
    if (time === undefined || time === null) return []
    const at = new Date(time * 1000).toISOString()
    return [{ ...NOTHING, at, by: key.name, trusted: true }]
  })
  return trusted.length > 0 ? trusted : [{ ...NOTHING, by }]
}

/** Lists what a checker who names authorities or witnesses asks for, and the bundle does not have, as sentences. */
export function listUnprovenTimes(
  { approvals, closeout }: RunRecord,
  counted: string[],
  times: ProofOfTime[],
  { authorities, witnesses }: Pick<TimeTrust, 'authorities' | 'witnesses'>,
): string[] {
  const isProven = (kind: ProofOfTime['kind'], of: string) =>
    times.some((one) => one.kind === kind && one.of === of && one.trusted)
  const signed = approvals.filter(({ approvalId, kind }) => kind === 'signed' && counted.includes(approvalId))
  const due = [...signed.map(({ approvalId }) => approvalId), 'closeout']
  const what = (of: string) => (of === 'closeout' ? 'the closeout' : `approval ${of}`)
  const tokens = due.filter((of) => authorities !== null && !isProven('time-token', of))
  const cosigned = witnesses === null || isProven('log-proof', 'closeout')
  return [
    ...tokens.map((of) => `${what(of)} has no time token of an authority that you trust`),
    ...(cosigned ? [] : ['the closeout is cosigned by no witness that you trust']),
    ...(closeout === null && (tokens.length > 0 || !cosigned) ? ['the run has no signed closeout'] : []),
  ]
}
