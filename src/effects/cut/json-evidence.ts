import type { EffectContext } from '../../domain/effect.ts'

const parsed = new Map<string, unknown>()
const MAX_PARSED = 3

/**
 * Reads and parses JSON evidence. The newest results are cached by their digest, because every phase reads the plan. The caller has to
 * treat the value as read-only.
 */
export async function readJsonEvidence<T>(context: EffectContext, digest: string): Promise<T> {
  const known = parsed.get(digest) ?? JSON.parse(Buffer.from(await context.evidence(digest)).toString('utf8'))
  parsed.delete(digest)
  parsed.set(digest, known)
  for (const oldest of [...parsed.keys()].slice(0, -MAX_PARSED)) parsed.delete(oldest)
  return known as T
}
