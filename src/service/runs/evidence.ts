import type { Home } from '../../app/open-home.ts'
import { CutterError } from '../../domain/errors.ts'
import { findRun } from './find-run.ts'

/** One piece of evidence that an entry of a run names. */
export interface EvidenceAnswer {
  /** The entry that names it. */
  seq: number
  name: string
  /** `sha256:<64 hex>` of its bytes. */
  digest: string
  mediaType: string
  bytes: number
}

/**
 * Lists the evidence of a run, in the order of its history.
 * @throws RUN_NOT_FOUND, STORE_TAMPERED, USAGE when several runs match
 */
export async function listEvidence(home: Home, { run }: { run: string }): Promise<EvidenceAnswer[]> {
  const { runId } = await findRun(home, run)
  return (await home.store.evidenceOf(runId)).map(({ seq, name, digest, mediaType, bytes }) => ({
    seq,
    name,
    digest,
    mediaType,
    bytes,
  }))
}

/**
 * Reads evidence of a run by its digest, as it was recorded.
 * @throws RUN_NOT_FOUND, STORE_TAMPERED, USAGE when several runs match; INPUT_REFUSED when no entry of the run names that digest
 */
export async function readEvidence(
  home: Home,
  { run, digest }: { run: string; digest: string },
): Promise<Uint8Array> {
  const { runId } = await findRun(home, run)
  const isNamed = (await home.store.evidenceOf(runId)).some((one) => one.digest === digest)
  const bytes = isNamed ? await home.store.evidence(digest) : null
  if (bytes !== null) return bytes
  throw new CutterError('INPUT_REFUSED', `run ${runId} has no evidence ${digest}; nothing was read`, {
    next: `GET /api/v1/runs/${runId}/evidence lists it`,
  })
}
