import { ENGINE } from './history-facts.ts'

/**
 * Names of people and labels of operators. Four eyes and the count of approvers compare names, so two spellings that look alike must be
 * one name: letter case, kinds of white space, invisible characters and compatibility forms (NFKC, UAX #15) make no difference.
 */

/** What no reader can see: format characters, among them zero-width and bidi marks, and everything else that renderers ignore. */
const INVISIBLE = /[\p{Cf}\p{Default_Ignorable_Code_Point}\u2800]/gu

/** Returns a name as it is shown: NFKC, without invisible characters, with one blank for white space and none around it. */
export function cleanName(name: string): string {
  return name.normalize('NFKC').replace(INVISIBLE, '').replace(/\s+/g, ' ').trim()
}

/** Returns the form in which names are compared. Upper case comes first, because it joins letters such as `ß` and `ss`. */
export function foldName(name: string): string {
  return cleanName(cleanName(name).toUpperCase().toLowerCase())
}

/** Compares two names in their folded form. */
export function isSameName(one: string, other: string): boolean {
  return foldName(one) === foldName(other)
}

/** Tells whether a label could be taken for Cutter itself: the engine, or the principal of an instance's key. */
export function isReservedName(name: string): boolean {
  const folded = foldName(name)
  return folded === ENGINE || /^cutter-(instance|service)(@|$)/.test(folded)
}
