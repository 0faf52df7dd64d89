import { type Evidence, jsonEvidence } from '../domain/evidence.ts'
import { identifyTool, recallToolVersion } from '../tools/identify-tool.ts'
import { TRUSTED_TOOLS } from '../tools/open-tools.ts'
import type { Trust } from './trust-files.ts'

/**
 * Makes the evidence `tools/<gate>` of a decision: the program that judged its signatures, by path and digest. `openssh` is the answer of
 * `ssh -V` where ssh is installed, because ssh-keygen can't name its version. Empty when there is no ssh-keygen.
 */
export async function recordSignatureTool(
  gate: string,
  { tools = TRUSTED_TOOLS }: Trust,
): Promise<Evidence[]> {
  const sshKeygen = tools.find('sshKeygen')
  if (sshKeygen === null) return []
  const ssh = tools.find('ssh')
  const [identity, asked] = await Promise.all([
    identifyTool(sshKeygen),
    ssh === null ? null : recallToolVersion(ssh),
  ])
  const openssh = asked !== null && 'version' in asked ? asked.version : null
  return [jsonEvidence(`tools/${gate}`, { sshKeygen: { ...identity }, openssh })]
}
