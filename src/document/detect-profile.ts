import { CutterError } from '../domain/errors.ts'
import { describeNearHeadings } from './describe-near-headings.ts'
import { listProfileNames } from './profiles/get-profile.ts'
import type { Profile } from './profiles/profile.ts'
import { findShippedProfile, listShippedProfiles } from './profiles/shipped-profiles.ts'
import { type ProfileFit, readText } from './read-text.ts'
import { asBuffer, byteOrderMark, textOf } from './syntax/lines.ts'

/** Reads a text with a profile. Of its syntaxes the one with most units counts, because any Markdown may have a few lines like plain headings. */
export function readProfile(
  bytes: Uint8Array,
  document: string,
  profile: Profile,
  levels?: readonly string[],
): ProfileFit {
  const attempts = profile.syntax.map((syntax) => readText(bytes, { document, profile, syntax, levels }))
  return attempts.reduce((one, other) => (unitCount(other) > unitCount(one) ? other : one))
}

/** Tries profiles in the order of preference. A perfect fit ends the search, because no later profile can fit better. */
function tryProfiles(profiles: Iterable<Profile>, read: (profile: Profile) => ProfileFit): ProfileFit[] {
  const fits: ProfileFit[] = []
  for (const profile of profiles) {
    const fit = read(profile)
    fits.push(fit)
    if (fit.confidence === 1) return fits
  }
  return fits
}

const isUnit = ({ record: { kind } }: ProfileFit['placed'][number]) => kind === 'unit' || kind === 'excluded'
const unitCount = ({ placed }: ProfileFit) => placed.filter(isUnit).length
const numberedCount = ({ placed }: ProfileFit) =>
  placed.filter((each) => isUnit(each) && each.record.number !== null).length

/** Returns the best fit, the first of several equal ones, or null if none found a unit. A fit with few of the numbers that others found is worse. */
export function findBestFit(fits: ProfileFit[]): ProfileFit | null {
  const most = Math.max(1, ...fits.map(numberedCount))
  const worth = (fit: ProfileFit) => fit.merit * (1 + numberedCount(fit) / most)
  const found = fits.filter(({ placed }) => placed.some(isUnit))
  return found.reduce<ProfileFit | null>(
    (best, fit) => (best === null || worth(fit) > worth(best) ? fit : best),
    null,
  )
}

/** A title is expected within this many bytes. */
const TITLE_BYTES = 400

/**
 * Tests the cheap signs that a profile requires before it is tried without being named.
 * @param isBegun whether the beginning is known to be that of its syntax, as the root of XML with any prefix is
 */
function passesDetection(bytes: Uint8Array, { detect }: Profile, isBegun: boolean): boolean {
  const { begins, fragments = [], words, titleWords } = detect
  if (begins !== undefined && !isBegun) {
    const head = textOf(bytes, byteOrderMark(bytes), Math.min(bytes.length, 2_000)).toLowerCase()
    const text = head.replace(/^(?:\s|<!--(?:[^-]|-(?!->))*-->)*/, '')
    const element = /^<([a-z][a-z0-9]*)[\s/>]/.exec(text)?.[1]
    const isFragment = element !== undefined && fragments.includes(element) && !hasMarkdownHeading(bytes)
    if (!isFragment && !begins.some((each) => text.startsWith(each.toLowerCase()))) return false
  }
  const source = asBuffer(bytes)
  const holds = (text: Buffer, wanted: string[] | undefined) =>
    wanted === undefined || wanted.some((word) => text.includes(word))
  return holds(source, words) && holds(source.subarray(0, TITLE_BYTES), titleWords)
}

const hasMarkdownHeading = (bytes: Uint8Array) => /^#{1,6}[ \t]/m.test(textOf(bytes, 0, bytes.length))

/** Minimum confidence of a detected profile. */
const ENOUGH = 0.3
/** Minimum number of numbered units with which a profile that is tried last is better than a coarse cut. */
const FEWEST_FINER = 3
/** How many times more numbered units it must have than a cut at headings of known words. */
const MUCH_FINER = 2

/**
 * Finds the profile that explains the text best, of the user's own profiles and those that ship. With `syntax`: of those that read it.
 *
 * @throws INPUT_REFUSED when none finds a unit, or none fits well enough.
 */
export function detectFit(
  bytes: Uint8Array,
  document: string,
  profiles: readonly Profile[],
  syntax?: Profile['syntax'][number],
): ProfileFit {
  const all = [...profiles, ...listShippedProfiles().map((name) => findShippedProfile(name)!)].filter(
    (profile) => syntax === undefined || profile.syntax.includes(syntax),
  )
  const when = (wanted: Profile['detect']['when']) => all.filter(({ detect }) => detect.when === wanted)
  const passes = (profile: Profile) => passesDetection(bytes, profile, syntax !== undefined)
  const read = readOnce(bytes, document)
  // The beginning of a text is a better sign than its headings.
  const isCertain = ({ detect }: Profile) => detect.begins !== undefined
  const certain = when('first').filter((profile) => isCertain(profile) && passes(profile))
  const sure = findBestFit(tryProfiles(certain, read))
  if (sure !== null && sure.confidence >= ENOUGH && !sure.isCoarse) return nestRestarts(bytes, document, sure)
  const others = when('first').filter((profile) => !isCertain(profile))
  const first = tryProfiles(chain(certain, others, passes), read)
  const best = findBestFit(first)
  if (best !== null && best.confidence >= ENOUGH && !best.isCoarse) return nestRestarts(bytes, document, best)
  const last = rankFallbacks(when('fallback').filter(passes).map(read))
  if (best !== null && best.confidence >= ENOUGH) {
    const fewest = Math.max(FEWEST_FINER, best.isGuess ? 0 : numberedCount(best) * MUCH_FINER)
    const finer = findBestFit(last.filter((fit) => numberedCount(fit) >= fewest))
    return nestRestarts(bytes, document, finer !== null && finer.confidence >= best.confidence ? finer : best)
  }
  const other = findBestFit([...first, ...last])
  if (other === null) throw noUnitsError(bytes, document, 'any profile', profiles)
  if (other.confidence >= ENOUGH) return nestRestarts(bytes, document, other)
  throw noFitError(bytes, document, [...first, ...last], other)
}

/** Reads with each profile once. */
function readOnce(bytes: Uint8Array, document: string): (profile: Profile) => ProfileFit {
  const fits = new Map<Profile, ProfileFit>()
  return (profile) => {
    const fit = fits.get(profile) ?? readProfile(bytes, document, profile)
    fits.set(profile, fit)
    return fit
  }
}

/** Yields the certain profiles, then each other one that passes. Their signs are searched only when no profile before fits perfectly. */
function* chain(
  certain: readonly Profile[],
  others: readonly Profile[],
  passes: (profile: Profile) => boolean,
): Generator<Profile> {
  yield* certain
  for (const profile of others) if (passes(profile)) yield profile
}

/** Sorts equal fits: first profiles whose signs the text has, then those that find more numbers. */
function rankFallbacks(fits: ProfileFit[]): ProfileFit[] {
  const isMeant = ({ profile: { detect } }: ProfileFit) =>
    Number(detect.titleWords !== undefined || detect.words !== undefined)
  return fits.sort((a, b) => isMeant(b) - isMeant(a) || numberedCount(b) - numberedCount(a))
}

/** Where numbers restart in each part, the profile whose addresses hold the part reads the text. */
function nestRestarts(bytes: Uint8Array, document: string, fit: ProfileFit): ProfileFit {
  if (fit.profile.rules === undefined || !collides(fit) || !restarts(fit)) return fit
  const nested = findShippedProfile(`${fit.profile.name}-nested`)
  if (nested === null) return fit
  const other = readProfile(bytes, document, nested)
  return collides(other) ? fit : other
}

const collides = ({ problems }: ProfileFit) => problems.some(({ code }) => code === 'ADDRESS_COLLISION')

/** Whether two units share an address because their numbers begin again in another container. */
function restarts({ placed }: ProfileFit): boolean {
  const first = new Map<string, ProfileFit['placed'][number]['record']>()
  const lowest = new Map<string, string>()
  for (const { record } of placed.filter(isUnit)) {
    const { level, number, address, parent } = record
    if (number === null) continue
    if (!lowest.has(level!)) lowest.set(level!, number)
    const before = first.get(address!)
    if (before === undefined) first.set(address!, record)
    else if (before.parent !== parent && lowest.get(level!) === number) return true
  }
  return false
}

function noFitError(bytes: Uint8Array, document: string, fits: ProfileFit[], best: ProfileFit): CutterError {
  const candidates = [...new Set([best, ...fits.sort((a, b) => b.confidence - a.confidence)])]
    .filter(({ confidence }) => confidence > 0)
    .map(({ profile, confidence, why }) => ({ profile: profile.name, confidence, why }))
  const named = candidates.map((each) => `${each.profile} ${each.confidence} (${each.why})`).join('; ')
  const near = describeNearHeadings(bytes)
  return new CutterError(
    'INPUT_REFUSED',
    `no profile fits ${document} well enough to be used without being named: ${named}; the first finds most, and needs ${ENOUGH}${near === null ? '' : `; ${near.text}`}`,
    {
      next: `${near === null ? '' : `${near.remedy}; or `}read the text and name a profile with --profile, e.g. --profile ${best.profile.name}`,
      data: { candidates, enough: ENOUGH, ...(near === null ? {} : { lines: near.lines }) },
    },
  )
}

/** Builds the error for a text in which no unit was found. */
export function noUnitsError(
  bytes: Uint8Array,
  document: string,
  by: string,
  profiles: readonly Profile[],
): CutterError {
  const names = listProfileNames(profiles)
  const near = describeNearHeadings(bytes)
  const what = `no unit to cut is found in ${document} by ${by}${near === null ? '' : `; ${near.text}`}`
  return new CutterError('INPUT_REFUSED', what, {
    next: `${near === null ? '' : `${near.remedy}; `}units begin at Markdown headings ("## Article 5") or at numbered lines of their own ("Article 5", "§ 5", "Điều 5."): give the text such headings, or choose another way to read it with --profile (${names.join(', ')})`,
    data: { profiles: names, ...(near === null ? {} : { lines: near.lines }) },
  })
}
