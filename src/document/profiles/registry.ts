import type { Profile } from '../profile.ts'
import { markdown } from './markdown.ts'
import { markdownNested, plainNested } from './nested.ts'
import { plain } from './plain.ts'

export const profiles: readonly Profile[] = [markdown, plain, markdownNested, plainNested]

/**
 * Tried where none is named, in the order of preference when two fit equally well. The nested ones are not: a number that
 * stands twice may be a mistake in the text, and only a person can say that it is not.
 */
export const detected: readonly Profile[] = [markdown, plain]
