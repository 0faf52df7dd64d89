import { CutterError } from '../../domain/errors.ts'
import * as asciidoc from './asciidoc.yaml'
import * as asciidocNested from './asciidoc-nested.yaml'
import * as constitution from './constitution.yaml'
import * as dieu from './dieu.yaml'
import * as html from './html.yaml'
import * as htmlNested from './html-nested.yaml'
import * as markdown from './markdown.yaml'
import * as markdownNested from './markdown-nested.yaml'
import * as markdownSections from './markdown-sections.yaml'
import * as numbered from './numbered.yaml'
import * as plain from './plain.yaml'
import * as plainNested from './plain-nested.yaml'
import { type Profile, parseProfile } from './profile.ts'
import * as rules from './rules.yaml'
import * as rulesNested from './rules-nested.yaml'
import * as spdx from './spdx.yaml'
import * as constitution1 from './version-1/constitution.yaml'
import * as dieu1 from './version-1/dieu.yaml'
import * as html1 from './version-1/html.yaml'
import * as markdown1 from './version-1/markdown.yaml'
import * as markdownNested1 from './version-1/markdown-nested.yaml'
import * as markdownSections1 from './version-1/markdown-sections.yaml'
import * as numbered1 from './version-1/numbered.yaml'
import * as plain1 from './version-1/plain.yaml'
import * as plainNested1 from './version-1/plain-nested.yaml'
import * as spdx1 from './version-1/spdx.yaml'
import * as html2 from './version-2/html.yaml'
import * as htmlNested2 from './version-2/html-nested.yaml'

/** A profile as it is written: its own keys, without those of the profile that it extends. */
interface WrittenProfile {
  /** The YAML. */
  text: string
  data: { [key: string]: unknown }
}

/** In the order of preference: the first one is used when two fit a text equally well. */
const written: WrittenProfile[] = [
  markdown,
  plain,
  html,
  asciidoc,
  constitution,
  spdx,
  rules,
  numbered,
  markdownNested,
  plainNested,
  rulesNested,
  htmlNested,
  asciidocNested,
  markdownSections,
  dieu,
]

/** Earlier versions, by `name@version`. Documents that were cut with one keep it. */
const former: WrittenProfile[] = [
  constitution1,
  dieu1,
  html1,
  markdown1,
  markdownNested1,
  markdownSections1,
  numbered1,
  plain1,
  plainNested1,
  spdx1,
  html2,
  htmlNested2,
]

const known = new Map([
  ...written.map((each) => [each.data.name as string, each] as const),
  ...former.map((each) => [`${each.data.name}@${each.data.version}`, each] as const),
])
const parsed = new Map<string, Profile>()

/** Lists the names of the profiles that ship, in the order of preference. */
export function listShippedProfiles(): string[] {
  return written.map(({ data }) => data.name as string)
}

/** Returns the YAML of a profile that ships, or null. */
export function findShippedProfileText(name: string): string | null {
  return known.get(name)?.text ?? null
}

/** Returns a profile that ships, or null. It is parsed at its first use. */
export function findShippedProfile(name: string): Profile | null {
  const found = parsed.get(name)
  if (found !== undefined) return found
  const each = known.get(name)
  if (each === undefined) return null
  const version = former.includes(each) ? String(each.data.version) : undefined
  const profile = parseProfile(extendProfile(each.data, new Map(), version))
  parsed.set(name, profile)
  return profile
}

/**
 * Puts the keys of a written profile over those of the profile that it extends, which is one of `others` or one that ships: the newest,
 * or the one of `version`.
 *
 * @throws INPUT_REFUSED when the extended profile is unknown, or when a profile extends itself.
 */
export function extendProfile(
  data: { [key: string]: unknown },
  others: ReadonlyMap<string, { [key: string]: unknown }>,
  version?: string,
): { [key: string]: unknown } {
  const chain = [data]
  for (let each = data; each.extends !== undefined; ) {
    const name = String(each.extends)
    const early = version === undefined ? undefined : known.get(`${name}@${version}`)
    const base = others.get(name) ?? early?.data ?? known.get(name)?.data
    if (base === undefined || chain.includes(base)) {
      const why = base === undefined ? 'which is not known' : 'which extends it in turn'
      throw new CutterError(
        'INPUT_REFUSED',
        `the profile ${data.name} extends ${JSON.stringify(each.extends)}, ${why}`,
        { next: `profiles to extend are: ${[...others.keys(), ...known.keys()].join(', ')}` },
      )
    }
    chain.push(base)
    each = base
  }
  const merged = Object.assign({}, ...chain.reverse()) as { [key: string]: unknown }
  // Detection, description and version are never inherited, nor is what came with a later version.
  for (const own of ['detect', 'description', 'version', 'siteParts'])
    if (!(own in data) && chain.length > 1) delete merged[own]
  delete merged.extends
  return merged
}
