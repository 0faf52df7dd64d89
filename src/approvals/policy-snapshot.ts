import { bytesEvidence, type Evidence, jsonEvidence } from '../domain/evidence.ts'
import { digestOfBytes } from '../domain/json.ts'
import type { ApprovalPolicy } from './approval-policy.ts'
import { readEachFileOnce, readTrustFile, type Trust } from './trust-files.ts'

/** The rules and files that decide at a gate at one moment, and the evidence of them. */
export interface PolicySnapshot {
  policy: ApprovalPolicy
  /** Reads the bytes that the evidence holds. */
  trust: Trust
  /** Digest of the evidence `policy/<gate>`, which names all these rules and files. */
  policyDigest: string
  evidence: Evidence[]
}

/** The rules of one gate and the files that it trusts. */
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
 * Reads the policy and the trust files of a gate as they are now. Evidence: `policy/<gate>` is the rules as JSON, with a digest of each
 * file, null for one that is missing or not configured. `signers/<gate>` and `revoked/<gate>` are those files, byte for byte, where they exist.
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
    presence: policy.presence ?? null,
    verification: policy.verification ?? null,
    origins: policy.origins ?? null,
    rpIds: policy.rpIds ?? null,
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
