/** Text of somebody who wants it to be taken for Cutter's own, and the search for what it made. */

const WORD = 'PLANTED'

/** Every way to begin a line, to control a terminal, to hide text, and to begin or end a block of Markdown. */
export const PLANTED = [
  `x\n${WORD}`,
  `\r${WORD}`,
  `\r\n\r\n# ${WORD}`,
  `\u2028${WORD}\u2029${WORD}\u0085${WORD}\u000b${WORD}\u000c${WORD}`,
  `\n| ${WORD} | ${WORD} |`,
  `\n\`\`\`\n${WORD}\n~~~\n${WORD}`,
  `\n> ${WORD}\n- ${WORD}\n    ${WORD}\n<b>${WORD}`,
  `\u001b[2J\u001b[31m${WORD}\u009b1A\u0007`,
  `\u202e${WORD}\u2066\u200b\u200d\u2060\ufeff\u00ad`,
].join('')

const HIDDEN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u

/** The lines of a text for people that the planted text made or in which it hides something. `own` are lines that may quote a text. */
export function plantedLines(shown: string, own = /^$/): string[] {
  return shown
    .split('\n')
    .filter(
      (line) =>
        !own.test(line) && (new RegExp(`^[^\\p{L}\\p{N}]*${WORD}`, 'u').test(line) || HIDDEN.test(line)),
    )
}

/** A copy of a value for each of its texts and keys, in which that one is the planted text. `path` says which. */
export function* plantOne<T>(value: T): Generator<{ path: string; planted: T }> {
  for (const path of pathsOf(value)) yield { path: path.join('.'), planted: withPlanted(value, path) as T }
}

/** The last part of a path is a key with `=` in front where the key itself is planted. */
function pathsOf(value: unknown): string[][] {
  if (typeof value === 'string') return [[]]
  if (value === null || typeof value !== 'object') return []
  return Object.entries(value).flatMap(([key, item]) => [
    ...(Array.isArray(value) ? [] : [[`=${key}`]]),
    ...pathsOf(item).map((path) => [key, ...path]),
  ])
}

function withPlanted(value: unknown, [key, ...rest]: string[]): unknown {
  if (key === undefined) return PLANTED
  if (Array.isArray(value))
    return value.map((item, at) => (String(at) === key ? withPlanted(item, rest) : item))
  const entries = Object.entries(value as object).map(([name, item]): [string, unknown] => {
    if (rest.length === 0 && key === `=${name}`) return [PLANTED, item]
    return [name, name === key ? withPlanted(item, rest) : item]
  })
  return Object.fromEntries(entries)
}

/** What `show` makes of each planted copy. A copy without one of the keys that `show` needs is no value of this kind, and is left out. */
export function showEach<T>(value: T, show: (planted: T) => string): { path: string; text: string }[] {
  return [...plantOne(value)].flatMap(({ path, planted }) => {
    try {
      return [{ path, text: show(planted) }]
    } catch (error) {
      if (error instanceof TypeError && path.includes('=')) return []
      throw error
    }
  })
}
