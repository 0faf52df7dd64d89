import { REDACTED, redactSecretForms } from '../../secrets/patterns.ts'
import { contentRules } from './artifact-rules.ts'

const REMOVED = '[removed]'

/**
 * What a command printed, or a difference of files, without anything that has the form of a secret. The forms of complete secrets come first:
 * the rules of the artifact gate know a private key by its beginning alone, and would leave its rest.
 */
export const redactOutput = (text: string): string =>
  contentRules
    .filter(({ rule }) => rule === 'secret')
    .reduce(
      (kept, { pattern }) =>
        kept.replace(new RegExp(pattern.source, 'g'), (found) =>
          found.includes(REDACTED) ? found : REMOVED,
        ),
      removeKeyWithoutHead(redactSecretForms(text)),
    )

const END_OF_KEY = /-----END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----/
const LINE_OF_KEY = /^[A-Za-z0-9+/=]*$/

/** Removes the lines of a private key of which only the end is there, because a long output was cut before it. */
function removeKeyWithoutHead(text: string): string {
  const end = END_OF_KEY.exec(text)
  if (end === null) return text
  const lines = text.slice(0, end.index).split(/\r?\n/)
  while (lines.length > 0 && LINE_OF_KEY.test(lines.at(-1)!)) lines.pop()
  return [...lines, REMOVED + text.slice(end.index + end[0].length)].join('\n')
}
