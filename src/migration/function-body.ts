/**
 * Reads the body of a function in SQL or PL/pgSQL, whose text the server resolves only when it runs. Each word counts as the name of
 * every object that has this name. So more is found than the body can reach, and never less.
 */

/** Words with which a body would do something other than read, or run a text that nobody has seen. */
const REFUSED = new Set(
  `execute prepare do call notify listen unlisten copy load lock set reset discard insert update delete merge truncate
  create alter drop grant revoke comment security vacuum analyze cluster reindex refresh import checkpoint`.split(
    /\s+/,
  ),
)

/** The server cuts longer names, so that they would not be found by their word. In bytes. */
const MAX_NAME = 63

const WORD = /[A-Za-z_\u0080-\uffff][\w$\u0080-\uffff]*/g
/** Matches at every quotation mark, because some of them may stand in strings. */
const QUOTED = /(?="((?:[^"]|"")*)")/g

/** Returns the words of a body, as written and in small letters, and why the body may not run in a check. */
export function readFunctionBody(text: string): { words: string[]; faults: string[] } {
  const plain = text.match(WORD) ?? []
  const quoted = [...text.matchAll(QUOTED)].map(([, name]) => name!.replaceAll('""', '"'))
  const small = plain.map((word) => word.replace(/[A-Z]/g, (letter) => letter.toLowerCase()))
  const words = [...new Set([...plain, ...small, ...quoted])]
  const faults = small
    .filter((word, at) => REFUSED.has(word) && small.indexOf(word) === at)
    .map((word) => `its body has the word ${word.toUpperCase()}`)
  if (/u&["']/i.test(text)) faults.push('its body has escaped names')
  if (plain.some((word) => Buffer.byteLength(word) > MAX_NAME))
    faults.push('its body has a name that the server cuts')
  return { words, faults }
}
