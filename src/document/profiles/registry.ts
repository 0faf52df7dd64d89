import type { Profile } from '../profile.ts'
import { markdown } from './markdown.ts'
import { plain } from './plain.ts'

/** In the order of preference when two fit equally well. */
export const profiles: readonly Profile[] = [markdown, plain]
