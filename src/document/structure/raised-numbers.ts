import type { Heading } from './headings/heading-match.ts'

/**
 * "Article 67", "Article 671", "Article 68": a copy lost that the last digit stood above the line. The number is 67-1 where it follows 67,
 * the next number is 68, and the text has no other 671. Each heading that is read so is marked (`raised`), for a finding.
 */
export function resolveRaisedNumbers(headings: Heading[]): Heading[] {
  const byLevel = new Map<string, Heading[]>()
  for (const heading of headings) {
    const { level, number } = heading
    if (level === null || number === null) continue
    const known = byLevel.get(level)
    if (known === undefined) byLevel.set(level, [heading])
    else known.push(heading)
  }
  const read = new Map<Heading, string>()
  for (const series of byLevel.values()) {
    const stepsBack = series.some((each, i) => i > 0 && integer(each) < integer(series[i - 1]!))
    if (stepsBack) resolveSeries(series, read)
  }
  if (read.size === 0) return headings
  return headings.map((heading) => {
    const number = read.get(heading)
    return number === undefined ? heading : { ...heading, number, sort: number, raised: true }
  })
}

const integer = ({ number }: Heading): number => (/^\d{1,6}$/.test(number!) ? Number(number) : Number.NaN)

/** The numbers above the line behind one number: 671, 672, 673. */
function resolveSeries(series: Heading[], read: Map<Heading, string>): void {
  const times = new Map<string, number>()
  for (const { number } of series) times.set(number!, (times.get(number!) ?? 0) + 1)
  for (let i = 0; i + 2 < series.length; i++) {
    const base = integer(series[i]!)
    if (Number.isNaN(base) || read.has(series[i]!)) continue
    let count = 0
    while (series[i + count + 1]?.number === `${base}${count + 1}`) count += 1
    const raised = series.slice(i + 1, i + count + 1)
    const next = series[i + count + 1]
    if (count === 0 || next === undefined || integer(next) !== base + 1) continue
    if (raised.some(({ number }) => times.get(number!) !== 1)) continue
    for (const [place, heading] of raised.entries()) read.set(heading, `${base}-${place + 1}`)
  }
}
