import { bytesEvidence, type Evidence, jsonEvidence } from '../domain/evidence.ts'
import { digestOfBytes } from '../domain/json.ts'
import type { ApprovalPolicy } from './refusal.ts'
import { readEachFileOnce, readTrustFile, type Trust } from './trust-files.ts'

/** What decides at a gate at one moment, and the evidence of it. */
export interface PolicySnapshot {
  policy: ApprovalPolicy
  /** Answers with the bytes that the evidence holds. */
  trust: Trust
  /** Digest of the evidence `policy/<gate>`, which names all that was in force. */
  policyDigest: string
  evidence: Evidence[]
}

export interface GateRules {
  machine: string
  gate: string
  policy: ApprovalPolicy
  trust: Trust
  strict: 'modes' | 'owner'
  /** Label → `uid:<n>`; null where operators declare themselves. */
  operators: { [label: string]: string } | null
}

/**
 * Reads what is in force at a gate now. Evidence: `policy/<gate>` (JSON: the rules, with a digest of each file, null for one
 * that is missing or not configured), `signers/<gate>` and `revoked/<gate>` (those files, byte for byte, where they are there).
 */
export async function takePolicySnapshot(rules: GateRules): Promise<PolicySnapshot> {
  const { machine, gate, policy, strict, operators } = rules
  const trust = readEachFileOnce(rules.trust)
  const signers = await readTrustFile(trust, trust.allowedSigners)
  const revoked = trust.revokedKeys === undefined ? null : await readTrustFile(trust, trust.revokedKeys)
  const record = jsonEvidence(`policy/${gate}`, {
    machine,
    gate,
    of: policy.of ?? null,
    need: policy.need ?? 1,
    fourEyes: policy.fourEyes ?? true,
    validHours: policy.validHours,
    strict,
    operators,
    allowedSignersDigest: signers && digestOfBytes(signers),
    revokedKeysConfigured: trust.revokedKeys !== undefined,
    revokedKeysDigest: revoked && digestOfBytes(revoked),
  })
  const files = [
    ...(signers === null ? [] : [bytesEvidence(`signers/${gate}`, 'text/plain', signers)]),
    ...(revoked === null ? [] : [bytesEvidence(`revoked/${gate}`, 'application/octet-stream', revoked)]),
  ]
  return { policy, trust, policyDigest: record.digest, evidence: [record, ...files] }
}
