import type { EffectContext } from '../domain/effect.ts'

/** Reads evidence that holds JSON, by its digest. The caller names the shape that an earlier phase of the same run saved. */
export async function readJsonEvidence<T>(
  context: Pick<EffectContext, 'evidence'>,
  digest: string,
): Promise<T> {
  return JSON.parse(Buffer.from(await context.evidence(digest)).toString('utf8')) as T
}
