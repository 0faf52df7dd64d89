import type { TokenAnswer } from '../../service/tokens/token-answer.ts'

/** A token on one line, without the token itself. */
export function lineOfToken({
  tokenId,
  name,
  role,
  machines,
  runId,
  expiresAt,
  revokedAt,
  valid,
}: TokenAnswer): string {
  const scope =
    runId === null ? (machines === null ? '' : `, for ${machines.join(', ')}`) : `, reads ${runId}`
  const end = revokedAt === null ? `${valid ? 'until' : 'expired'} ${expiresAt}` : `revoked ${revokedAt}`
  return `${tokenId}  ${name}, ${role}${scope}, ${end}`
}
