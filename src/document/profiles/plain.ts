import type { Profile } from '../profile.ts'
import { law } from './law.ts'

/** Plain text with numbered headings on lines of their own. */
export const plain: Profile = { name: 'plain', version: '1', syntax: 'plain', repeatedForms: 3, ...law }
