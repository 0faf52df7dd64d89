import { ABUGIDA, ALPHABETS, INDIC_BLOCKS } from './alphabets.ts'

/*
 * Letters behind a number: "12а", "3א", "1Α", "2क". Addresses hold ASCII letters only. Alphabets sort in another order than their
 * transcriptions, so the place in the alphabet is kept for comparing.
 */

/** A letter for addresses, and a letter A to Z for its place in its alphabet. */
interface NumberLetter {
  written: string
  place: string
}

/** A for the first letter, Z for the 26th, AA for the 27th. */
function placeOf(index: number): string {
  const last = String.fromCharCode(0x41 + (index % 26))
  return index < 26 ? last : `${placeOf(Math.floor(index / 26) - 1)}${last}`
}

const known = new Map<string, NumberLetter>()
for (const [letters, written] of ALPHABETS) {
  const names = written.split(' ')
  for (const [i, letter] of letters.split(' ').entries())
    known.set(letter, { written: names[i]!, place: placeOf(i) })
}
for (const block of INDIC_BLOCKS)
  for (const [offset, written] of ABUGIDA)
    known.set(String.fromCharCode(block + offset), { written, place: placeOf(offset - 5) })

/** Returns a letter's form for addresses, or null for a sign that is no letter of a number. */
export function findNumberLetter(letter: string): NumberLetter | null {
  const small = letter.toLowerCase()
  if (/^[a-z]$/.test(small)) return { written: small.toUpperCase(), place: small.toUpperCase() }
  if (small === 'đ') return { written: 'DD', place: 'DD' }
  const found = known.get(small)
  if (found !== undefined) return found
  const base = small.normalize('NFD').replace(/\p{M}/gu, '')
  return base !== small && base.length === 1 ? findNumberLetter(base) : null
}

const GREEK = 'αβγδεϛζηθικλμνξοπϟρσ'
const HEBREW = 'אבגדהוזחטיכלמנסעפצק'
const VALUES = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 20, 30, 40, 50, 60, 70, 80, 90, 100, 200]
const HEBREW_VALUES = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 20, 30, 40, 50, 60, 70, 80, 90, 100]

/** Returns the value of a Greek or Hebrew number in letters (ΙΒ΄ is 12, י״ב is 12), or null. */
export function parseLetterNumeral(text: string): number | null {
  let value = 0
  for (const sign of text
    .toLowerCase()
    .normalize('NFD')
    .replace(/[\p{M}΄'ʹ′´׳״"’]/gu, '')
    .replace(/στ/u, 'ϛ')) {
    const [greek, hebrew] = [GREEK.indexOf(sign === 'ς' ? 'ϛ' : sign), HEBREW.indexOf(sign)]
    const worth = greek >= 0 ? VALUES[greek] : HEBREW_VALUES[hebrew]
    if (worth === undefined) return null
    value += worth
  }
  return value > 0 ? value : null
}
