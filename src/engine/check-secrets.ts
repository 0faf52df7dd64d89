import type { Effect } from '../domain/effect.ts'
import { CutterError, Stop } from '../domain/errors.ts'
import type { Evidence } from '../domain/evidence.ts'
import type { Json } from '../domain/json.ts'
import { findSecretKey } from '../secrets/key-names.ts'
import { findSecretForm, findSecretToken, locateSecretForm } from '../secrets/patterns.ts'
import type { EngineDeps } from './engine-deps.ts'

/**
 * A history cannot be edited, so a saved secret would stay. Secrets in options and input are refused, and secrets in reports of effects are
 * refused or removed. No message here repeats a value.
 */

type Secrets = Pick<EngineDeps, 'secrets'>

/** Lists and plans show these texts of people, where a second line could be mistaken for a line of Cutter. */
const ONE_LINE = ['--by', '--as', '--reason', 'approver', 'reason']

/**
 * Checks the texts of an operator or an approver, by the names of their options.
 * @throws INPUT_REFUSED when a text holds a secret
 * @throws USAGE when a text that is shown on one line has control characters
 */
export function assertNoSecretWords(
  { secrets }: Secrets,
  words: { [option: string]: string | undefined },
): void {
  for (const [option, text] of Object.entries(words)) {
    if (text === undefined) continue
    const what = findSecretForm(text)
    if (what !== null) throw secretError(`${option} seems to hold ${what}`)
    const name = secrets?.findNameIn(text) ?? null
    if (name !== null) throw secretError(`${option} holds the value of ${name}`)
    if (ONE_LINE.includes(option) && /[\p{Cc}\p{Zl}\p{Zp}\u202a-\u202e\u2066-\u2069]/u.test(text))
      throw new CutterError(
        'USAGE',
        `${option} is one line of plain text, without control characters; nothing was changed`,
      )
  }
}

/**
 * Checks the input of a run before its machine parses it, so that keys that the machine does not know are checked, too.
 * @throws INPUT_REFUSED with the path of the secret
 */
export function assertNoSecretInput({ secrets }: Secrets, input: { [key: string]: Json }): void {
  const key = findSecretKey(input, 'input')
  if (key !== null) throw secretError(`${key} would hold a secret`)
  const form = locateSecretForm(input, 'input')
  if (form !== null) throw secretError(`${form.path} seems to hold ${form.what}`)
  const name = secrets?.findNameIn(JSON.stringify(input)) ?? null
  if (name !== null) throw secretError(`the input holds the value of ${name}`)
}

function secretError(what: string): CutterError {
  return new CutterError('INPUT_REFUSED', `${what}; secrets are never stored; nothing was changed`, {
    next: 'put the secret into an environment variable and give its name',
  })
}

type ReportingEffect = Pick<Effect, 'name' | 'quotesDocument' | 'quotesSql'>

/**
 * Checks what an effect reports: facts and plans with keys that name secrets, plans with values that look like some, and evidence with a
 * secret's value. Documents are left as they are, for a law may speak of passwords. SQL may compare columns that are named so.
 * @param wrote whether the effect wrote; what it has done by then stays
 * @throws Stop STOP_REFUSED_INPUT with the path of the secret
 */
export function assertNoSecretReport(
  { secrets }: Secrets,
  effect: ReportingEffect,
  wrote: boolean,
  { output, evidence }: { output: Json; evidence: Evidence[] },
): void {
  const key = findSecretKey(output, 'output')
  if (key !== null) throw reportStop(effect.name, wrote, `${key} would hold a secret`)
  const planDigest = (output as { planDigest?: Json } | null)?.planDigest
  for (const one of evidence) {
    if (!/^(?:application\/json$|text\/)/.test(one.mediaType)) continue
    const isPlan = one.name.startsWith('plan/') || one.digest === planDigest
    const found = isPlan ? secretInPlan(one, effect) : null
    if (found !== null) throw reportStop(effect.name, wrote, found)
    const whose = secrets?.findNameIn(one.bytes) ?? null
    if (whose !== null)
      throw reportStop(effect.name, wrote, `its evidence ${one.name} holds the value of ${whose}`)
  }
}

function secretInPlan(
  { name, mediaType, bytes }: Evidence,
  { quotesDocument, quotesSql }: ReportingEffect,
): string | null {
  const text = Buffer.from(bytes).toString('utf8')
  const plan = mediaType === 'application/json' ? (JSON.parse(text) as Json) : text
  const key = findSecretKey(plan, name)
  if (key !== null) return `${key} would hold a secret`
  if (quotesDocument) return null
  const form = locateSecretForm(plan, name, quotesSql ? findSecretToken : findSecretForm)
  return form === null ? null : `${form.path} seems to hold ${form.what}`
}

function reportStop(name: string, wrote: boolean, what: string): Stop {
  const done = wrote ? ' What it wrote stays.' : ''
  return new Stop('STOP_REFUSED_INPUT', `the report of ${name} is refused: ${what}.${done}`, {
    next: 'have the effect report names and digests instead of secrets, then start another run (this one can be cancelled)',
  })
}
