import type { EffectContext } from '../../domain/effect.ts'

/** Reads evidence by its digest and parses it as JSON. The caller knows its shape from the phase that made it. */
export async function readEvidenceJson<T>(context: EffectContext, digest: string): Promise<T> {
  return JSON.parse(Buffer.from(await context.evidence(digest)).toString('utf8')) as T
}
