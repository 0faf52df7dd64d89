import { createHash } from 'node:crypto'
import { fileVersion } from '../../tools/file-version.ts'
import { TRUSTED_TOOLS } from '../../tools/open-tools.ts'
import type { Signed, SigningKey, VerifyQuestion } from './signature-questions.ts'

/** How long an answer is kept, in milliseconds: an approval that arrives is judged by its import, by its warning and by the gate, one after another. */
const KEPT_MS = 2_000
const MOST_KEPT = 256

const kept = new Map<string, { answer: Promise<SigningKey | null>; until: number }>()

/**
 * Asks a question, unless this process has asked the very same one within two seconds and got a key, or is asking it: whoever imports an approval and
 * the worker that it wakes ask at the same moment. The answer of ssh-keygen follows from
 * text, signature, names, files byte by byte, the second for which is asked, and the program. All of them must be the same. What did not hold is
 * asked each time.
 */
export async function withKeptAnswers(
  signed: Signed,
  asked: VerifyQuestion,
  ask: () => Promise<SigningKey | null>,
): Promise<SigningKey | null> {
  const question = nameOf(signed, asked)
  if (question === null) return ask()
  const now = performance.now()
  const known = kept.get(question)
  if (known !== undefined && known.until > now) return known.answer
  const answer = ask()
  kept.set(question, { answer, until: now + KEPT_MS })
  for (const [one, { until }] of kept) if (until <= now || kept.size > MOST_KEPT) kept.delete(one)
  const forget = () => {
    if (kept.get(question)?.answer === answer) kept.delete(question)
  }
  answer.then((key) => key ?? forget(), forget)
  return answer
}

/** Everything from which the answer follows, as a digest. Null where the program is missing. */
function nameOf(
  { text, signature, namespace, tools = TRUSTED_TOOLS }: Signed,
  { signers, principal, at, revoked }: VerifyQuestion,
): string | null {
  const tool = tools.find('sshKeygen')
  const program = tool === null ? null : fileVersion(tool.file)
  if (tool === null || program === null) return null
  const parts = [
    ...[text, signature, namespace, principal, at.toISOString().slice(0, 19)],
    ...[signers, revoked === undefined ? 'none' : Buffer.concat([Buffer.from('these'), revoked])],
    ...[tool.file, ...tool.args, program],
  ]
  const digest = createHash('sha256')
  for (const part of parts) digest.update(`${Buffer.byteLength(part)}\0`).update(part)
  return digest.digest('hex')
}
