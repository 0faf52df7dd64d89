/*
 * Letters behind a number: "12а", "3א", "1Α". Addresses hold ASCII letters only. Alphabets sort in another order than their
 * transcriptions, so the place in the alphabet is kept for comparing.
 */

/** A letter for addresses, and a letter A to Z for its place in its alphabet. */
interface NumberLetter {
  written: string
  place: string
}

const ALPHABETS: [letters: string, written: string][] = [
  [
    'а б в г д е ж з и к л м н о п р с т у ф х ц ч ш щ э ю я',
    'A B V G D E ZH Z I K L M N O P R S T U F KH TS CH SH SHCH E YU YA',
  ],
  ['α β γ δ ε ζ η θ ι κ λ μ ν ξ ο π ρ σ τ υ φ χ ψ ω', 'A B G D E Z H TH I K L M N X O P R S T Y F CH PS W'],
  ['א ב ג ד ה ו ז ח ט י כ ל מ נ ס ע פ צ ק ר ש ת', 'A B G D H V Z CH T Y K L M N S E P TS Q R SH TH'],
]

const known = new Map<string, NumberLetter>(
  ALPHABETS.flatMap(([letters, written]) => {
    const names = written.split(' ')
    return letters
      .split(' ')
      .map(
        (letter, i) =>
          [letter, { written: names[i]!, place: String.fromCharCode(0x41 + Math.min(i, 25)) }] as const,
      )
  }),
)

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
