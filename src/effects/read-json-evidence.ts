import type { EffectContext } from '../domain/effect.ts'

const parsed = new Map<string, unknown>()
const MAX_PARSED = 3

/**
 * Reads evidence that holds JSON, by its digest. The caller names the shape that an earlier phase of the same run saved, and treats the
 * value as read-only: the newest results are cached by their digest, because every phase reads the plan.
 */
export async function readJsonEvidence<T>(
  context: Pick<EffectContext, 'evidence'>,
  digest: string,
): Promise<T> {
  const known = parsed.get(digest) ?? JSON.parse(Buffer.from(await context.evidence(digest)).toString('utf8'))
  parsed.delete(digest)
  parsed.set(digest, known)
  for (const oldest of [...parsed.keys()].slice(0, -MAX_PARSED)) parsed.delete(oldest)
  return known as T
}
