import type { Json } from '../domain/json.ts'
import {
  type DifferentPart,
  type PlanDifference,
  type Stretch,
  shortDigests,
} from '../domain/plan-difference.ts'
import { isCommands, type PlannedCommand } from '../domain/planned-command.ts'
import { shellQuote } from '../domain/shell-quote.ts'
import { cutAt, LONGEST_NAME } from '../domain/visible.ts'
import { scriptOf } from './commands-section.ts'
import { type EvidenceReader, type PlanParts, planParts } from './plan-parts.ts'
import type { Differing } from './plan-reading.ts'
import { differingFew, replacing, shortenStretches } from './word-stretches.ts'

/** Differences that are listed of a part. */
const MOST_OF_PART = 50
/** Differences that are listed of a plan. */
const MOST = 200

/**
 * What differs between two plans, for people: by part, with labels in the words of the plan's page, texts word by word. Plans of unknown machines
 * are compared place by place.
 */
export async function describePlanDifferences(
  before: Json,
  after: Json,
  { evidence, differing }: { evidence: EvidenceReader; differing: Differing },
): Promise<DifferentPart[]> {
  const [one, two] = [await planParts(before, evidence), await planParts(after, evidence)]
  const few = differingFew(differing)
  const found = one === null || two === null || one.type !== two.type ? [] : partsOf(one, two, few)
  return found.length > 0 ? found : partsOf(rawParts(before), rawParts(after), few)
}

/** All of a plan as one part, place by place. */
const rawParts = (plan: Json): PlanParts => ({ type: '', parts: new Map([['The plan', plan]]) })

function partsOf(one: PlanParts, two: PlanParts, differing: Differing): DifferentPart[] {
  let left = MOST
  return [...new Set([...one.parts.keys(), ...two.parts.keys()])].flatMap((part) => {
    const [before, after] = [one.parts.get(part), two.parts.get(part)]
    if (isNothing(before) && isNothing(after)) return []
    const all = [...differencesOf(before, after, [], differing)]
    if (all.length === 0) return []
    const differences = all
      .slice(0, Math.min(left, MOST_OF_PART))
      .map(({ how, what, words }) => ({ how, what, words: words() }))
    left -= differences.length
    return [{ part, differences, more: all.length - differences.length }]
  })
}

/** Words are compared only where they are shown. */
type FoundDifference = Omit<PlanDifference, 'words'> & { words(): Stretch[] }
type Found = Generator<FoundDifference>

function* differencesOf(
  before: Json | undefined,
  after: Json | undefined,
  path: string[],
  differing: Differing,
): Found {
  if (JSON.stringify(before) === JSON.stringify(after)) return
  const [one, two] = [listOf(before), listOf(after)]
  if (one !== null && two !== null) yield* listDifferences(one, two, path, differing)
  else if (isObject(before) && isObject(after))
    yield* mapDifferences(new Map(Object.entries(before)), new Map(Object.entries(after)), path, differing)
  else yield valueDifference(before, after, path, differing)
}

/** A list that only one of the plans has is compared with an empty one, so that each of its items is named. */
const listOf = (value: Json | undefined): Json[] | null =>
  value === undefined ? [] : Array.isArray(value) ? value : null

type Items = ReadonlyMap<string, Json>

function* mapDifferences(one: Items, two: Items, path: string[], differing: Differing): Found {
  for (const key of new Set([...one.keys(), ...two.keys()]))
    yield* differencesOf(one.get(key), two.get(key), [...path, key], differing)
}

function* listDifferences(before: Json[], after: Json[], path: string[], differing: Differing): Found {
  const all = [...before, ...after]
  if (all.every((item) => typeof item !== 'object' || item === null)) {
    yield* plainDifferences(before, after, path)
    return
  }
  const [one, two] = itemsOf(before, after)
  yield* mapDifferences(one, two, path, differing)
  yield* orderDifference([...one.keys()], [...two.keys()], path)
}

/** Two lists of plain values: what is in one of them alone, and whether the rest stands in another order. */
function* plainDifferences(before: Json[], after: Json[], path: string[]): Found {
  const [one, two] = [before, after].map((list) => numbered(list, (item) => JSON.stringify(item)))
  for (const [key, item] of one!) if (!two!.has(key)) yield oneSided('removed', item, path)
  for (const [key, item] of two!) if (!one!.has(key)) yield oneSided('added', item, path)
  yield* orderDifference([...one!.keys()], [...two!.keys()], path, (key) => inWords(one!.get(key)!))
}

function* orderDifference(
  one: string[],
  two: string[],
  path: string[],
  show: (key: string) => string = (key) => key,
): Found {
  const [inOne, inTwo] = [new Set(one), new Set(two)]
  const [before, after] = [one.filter((key) => inTwo.has(key)), two.filter((key) => inOne.has(key))]
  const at = before.findIndex((key, index) => after[index] !== key)
  if (at === -1) return
  const shown = (keys: string[]) => `${at === 0 ? '' : '…, '}${keys.slice(at).map(show).join(', ')}`
  const words = () => replaced(shown(before), shown(after))
  yield { how: 'changed', what: placeOf([...path, 'order']), words }
}

/** What names an item of a list, so that an item that was put in does not make all later ones differ. */
const NAMES = ['address', 'aliasAddress', 'path', 'name', 'id', 'number', 'check']

/** The items of two lists by their names, or by their places from 1. */
function itemsOf(before: Json[], after: Json[]): [Items, Items] {
  const [one, two] = [commandsShown(before), commandsShown(after)]
  const all = [...one, ...two]
  const name = NAMES.find((key) =>
    all.every((item) => isObject(item) && (typeof item[key] === 'string' || typeof item[key] === 'number')),
  )
  const itemsIn = (list: Json[]): Items => {
    if (name === undefined) return new Map(list.map((item, at) => [String(at + 1), item]))
    const named = numbered(list, (item) => String((item as { [key: string]: Json })[name]))
    return new Map([...named].map(([key, item]) => [key, without(item, name)]))
  }
  return [itemsIn(one), itemsIn(two)]
}

const commandsShown = (list: Json[]): Json[] => (isCommands(list) ? list.map(shownCommand) : list)

function shownCommand({ id, argv, ...rest }: PlannedCommand): Json {
  const script = scriptOf(argv)
  const line = (words: string[]) => words.map(shellQuote).join(' ')
  if (script === null) return { id, ...rest, command: line(argv) }
  return { id, ...rest, 'is given': line(script.given), script: script.text }
}

const without = (item: Json, name: string): Json =>
  Object.fromEntries(Object.entries(item as object).filter(([key]) => key !== name))

/** Items by a key of each; a key that comes again has its number. */
function numbered<T>(items: T[], keyOf: (item: T) => string): Map<string, T> {
  const seen = new Map<string, number>()
  return new Map(
    items.map((item) => {
      const key = keyOf(item)
      const count = (seen.get(key) ?? 0) + 1
      seen.set(key, count)
      return [count === 1 ? key : `${key} (${count})`, item]
    }),
  )
}

const oneSided = (how: 'added' | 'removed', value: Json, path: string[]): FoundDifference => ({
  how,
  what: placeOf(path),
  words: () =>
    shortenStretches([{ kind: how, text: shortDigests(inWords(value)).replace(/\s*\n\s*/g, ' ') }]),
})

const replaced = (was: string, is: string) => shortenStretches(replacing(was, is), ' → ')

function valueDifference(
  before: Json | undefined,
  after: Json | undefined,
  path: string[],
  differing: Differing,
): FoundDifference {
  if (before === undefined) return oneSided('added', after!, path)
  if (after === undefined) return oneSided('removed', before, path)
  const words = () =>
    (isText(before) && isText(after) ? wordChanges(differing(before, after)) : null) ??
    replaced(...differentWords(before, after))
  return { how: 'changed', what: placeOf(path), words }
}

/** The changed words of a text; null where so much is changed that the two texts are read more easily one after the other. */
function wordChanges(stretches: Stretch[]): Stretch[] | null {
  const lengthOf = (kind: Stretch['kind']) =>
    stretches.reduce((sum, one) => sum + (one.kind === kind ? one.text.length : 0), 0)
  return lengthOf('same') < Math.max(lengthOf('removed'), lengthOf('added'))
    ? null
    : shortenStretches(stretches)
}

const isText = (value: Json): value is string => typeof value === 'string' && /\s/u.test(value.trim())

/** Two values in words that differ too: first as people read them, then with their digests in full, then as JSON. */
function differentWords(before: Json, after: Json): [string, string] {
  const ways: ((value: Json) => string)[] = [(value) => shortDigests(inWords(value)), inWords]
  for (const way of ways) {
    const [was, is] = [way(before), way(after)]
    if (was !== is) return [was, is]
  }
  return [JSON.stringify(before), JSON.stringify(after)]
}

const placeOf = (path: string[]) => path.map((one) => cutAt(LONGEST_NAME, one)).join(' › ')

function inWords(value: Json): string {
  if (value === null) return 'none'
  if (value === '') return 'empty'
  if (typeof value === 'boolean') return value ? 'yes' : 'no'
  if (typeof value !== 'object') return String(value)
  const items = Array.isArray(value)
    ? value.map(inWords)
    : Object.entries(value).flatMap(([key, item]) => (isNothing(item) ? [] : `${key}: ${inWords(item)}`))
  return items.length === 0 ? 'none' : items.join(Array.isArray(value) ? ', ' : '; ')
}

const isNothing = (value: Json | undefined) =>
  value === undefined || value === null || (Array.isArray(value) && value.length === 0)

const isObject = (value: Json | undefined): value is { [key: string]: Json } =>
  value !== null && typeof value === 'object' && !Array.isArray(value)
