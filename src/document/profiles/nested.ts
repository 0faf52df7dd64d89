import type { Profile } from '../profile.ts'
import { markdown } from './markdown.ts'
import { plain } from './plain.ts'

// Where numbers begin anew in each part ("Part II, Section 1"), an address holds what encloses the unit: PART-2/SECTION-1.
const address = '{document}/{container}/{code}-{number}'

export const markdownNested: Profile = { ...markdown, name: 'markdown-nested', address }

export const plainNested: Profile = { ...plain, name: 'plain-nested', address }
