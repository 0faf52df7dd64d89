const WORDS =
  'the assembly council member office term year vote quorum seat law bill budget court judge citizen right duty levy'
/** Returns sentences that have only single words in common. The same seed gives the same sentences. */
export function sentences(seed: number, count = 2): string {
  const words = WORDS.split(' ')
  let state = seed * 7919 + 13
  const word = () => {
    state = (state * 48271) % 2147483647
    return words[state % words.length]!
  }
  return Array.from({ length: count }, () => `${Array.from({ length: 9 }, word).join(' ')}.`).join('\n')
}
/** Returns a charter of these articles: number (with the rest of the heading), and text. */
export const articles = (...bodies: [string, string][]) =>
  `# Charter\n\n${bodies.map(([number, body]) => `## Article ${number}\n\n${body}\n`).join('\n')}`
