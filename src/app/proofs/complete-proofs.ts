import { hostname } from 'node:os'
import { join } from 'node:path'
import { loadRecord } from '../../bundle/load-record.ts'
import { isProofKept, keepProof, type ProvenPart, provenParts } from '../../bundle/when/kept-proofs.ts'
import { formatLogProof } from '../../bundle/when/log-proof.ts'
import type { EvidenceConfig } from '../../config/evidence-schema.ts'
import { withJoinedSignals } from '../../domain/join-signals.ts'
import type { Run } from '../../domain/run.ts'
import { withLock } from '../../locks/with-lock.ts'
import type { RunStore } from '../../store/run-store.ts'
import type { Tools } from '../../tools/open-tools.ts'
import { askAuthority } from './ask-authority.ts'
import { askWitness } from './ask-witness.ts'
import { appendToLog, instanceLogFile, logKeyOf, proveInLog } from './instance-log.ts'

/** How long one process waits for another that asks the witnesses, in milliseconds. */
const LOCK_WAIT = 20_000

interface ProofDeps {
  home: string
  store: RunStore
  tools: Tools
  interrupt: AbortSignal
  /** How long somebody waits for all proofs together, in milliseconds; left out: nobody waits. */
  patience?: number
  /** Gets a sentence about a proof that did not come. */
  warn(text: string): void
}

/**
 * Asks for the proofs of time of a run that are not kept yet: a token for each approval and for the closeout, and the cosignatures of the closeout. What
 * does not come is only named: no run depends on it, and the next export asks again.
 */
export async function completeProofs(given: ProofDeps, evidence: EvidenceConfig, run: Run): Promise<void> {
  if (given.patience === undefined) return askForAll(given, evidence, run)
  await withJoinedSignals({ sources: [given.interrupt], ms: given.patience }, (interrupt) =>
    askForAll({ ...given, interrupt }, evidence, run),
  )
}

async function askForAll(deps: ProofDeps, evidence: EvidenceConfig, run: Run): Promise<void> {
  const folder = join(deps.home, 'var')
  const record = await loadRecord(deps.store, run)
  const due = provenParts(record).filter(
    ({ kind, digest }) =>
      (kind === 'time-token' ? evidence.timestamp : evidence.log) !== undefined &&
      !isProofKept(folder, kind, digest),
  )
  await Promise.all(
    due.map((part) => {
      const work =
        part.kind === 'time-token'
          ? keepToken(deps, part, evidence.timestamp!.url)
          : keepLogProof(deps, evidence.log!, { runId: run.runId, text: record.closeout!.text, part })
      return work.catch((error: Error) => deps.warn(describe(part, error)))
    }),
  )
}

const describe = ({ kind, of }: ProvenPart, { message }: Error) =>
  `no ${kind === 'time-token' ? 'time token' : 'cosignature'} for ${of === 'closeout' ? 'the closeout' : of}: ${message}; the run is not affected, and cutter run export asks again`

/** Asks for the token of an approval that was just saved. Its use may come much later. */
export async function keepApprovalToken(
  deps: ProofDeps,
  evidence: EvidenceConfig,
  approval: Parameters<typeof provenParts>[0]['approvals'][number],
): Promise<void> {
  if (evidence.timestamp === undefined) return
  const [part] = provenParts({ approvals: [approval], closeout: null })
  await keepToken(deps, part!, evidence.timestamp.url).catch((error: Error) =>
    deps.warn(describe(part!, error)),
  )
}

async function keepToken({ home, tools, interrupt }: ProofDeps, { digest }: ProvenPart, url: string) {
  const folder = join(home, 'var')
  if (isProofKept(folder, 'time-token', digest)) return
  const proof = await askAuthority(tools, { url, digest, interrupt })
  await keepProof(folder, 'time-token', { digest, proof })
}

/** Holds the lock of the log until all witnesses have answered, so that each of them sees its checkpoints in their order. */
async function keepLogProof(
  { home, interrupt, warn, patience = LOCK_WAIT }: ProofDeps,
  { origin, witnesses }: NonNullable<EvidenceConfig['log']>,
  { runId, text, part }: { runId: string; text: string; part: ProvenPart },
): Promise<void> {
  const folder = join(home, 'var')
  await withLock(`${instanceLogFile(folder)}.lock`, Math.min(patience, LOCK_WAIT), async () => {
    const log = await appendToLog(folder, runId, text)
    const { own, ...made } = proveInLog(log, await logKeyOf(folder, hostname(), origin))
    const answers = await Promise.allSettled(
      witnesses.map((witness) => askWitness(witness, { made, leaves: log.leaves, interrupt })),
    )
    const cosigned = answers.flatMap((answer) => (answer.status === 'fulfilled' ? [answer.value] : []))
    const faults = answers.flatMap((answer) => (answer.status === 'rejected' ? [answer.reason as Error] : []))
    if (cosigned.length === 0) throw faults[0]!
    for (const fault of faults) warn(describe(part, fault))
    const proof = formatLogProof({ ...made, signatures: [own, ...cosigned] })
    await keepProof(folder, 'log-proof', { digest: part.digest, proof })
  })
}
