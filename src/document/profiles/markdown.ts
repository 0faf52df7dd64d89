import type { Profile } from '../profile.ts'
import { law } from './law.ts'

/** Markdown with ATX headings. A document without a heading of a known kind is cut at every heading. */
export const markdown: Profile = {
  name: 'markdown',
  version: '1',
  syntax: 'markdown',
  repeatedForms: 0,
  ...law,
}
