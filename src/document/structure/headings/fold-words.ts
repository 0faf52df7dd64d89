const ASCII = /^[\x20-\x7e]*$/

/**
 * Folds words for comparison: case, accents, punctuation and spacing make no difference, because capitals are often written
 * without accents.
 */
export function foldWords(words: string): string {
  if (ASCII.test(words))
    return words
      .toLowerCase()
      .replaceAll("'", '')
      .replace(/[^a-z]+/g, ' ')
      .trim()
  return words
    .toLowerCase()
    .normalize('NFD')
    .replace(/[\u0300-\u036f]/g, '')
    .normalize('NFC')
    .replaceAll('ı', 'i')
    .replaceAll('ς', 'σ')
    .replace(/['’ʼ]/g, '')
    .replace(/[^\p{L}\p{M}§]+/gu, ' ')
    .trim()
}

/** Returns the key under which a form is looked up, from the words before and after its number. */
export function formKey(before: string, after: string): string {
  return `${foldWords(before)}{n}${foldWords(after)}`
}

/** Maximum number of words that are kept with their meaning. */
const MOST_WORDS = 10_000

/** Keeps what is known of words as they are written. A text repeats few of them where headings may begin. */
export function remember<Meaning>(words: Map<string, Meaning>, word: string, meaning: Meaning): Meaning {
  if (words.size >= MOST_WORDS) words.clear()
  words.set(word, meaning)
  return meaning
}
