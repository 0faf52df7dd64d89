/** A part of the difference between two texts. */
export interface Stretch {
  kind: 'same' | 'removed' | 'added'
  text: string
}

/** One difference between two plans. Its texts are those of others: whoever shows them escapes them. */
export interface PlanDifference {
  how: 'added' | 'removed' | 'changed'
  /** What it is, from the outside in, such as `SOURCE/ARTICLE-1 › text`; empty where it is the part itself. */
  what: string
  /** The values or words, with a little of what stands round them. */
  words: Stretch[]
}

/** The differences in one part of a plan. */
export interface DifferentPart {
  /** The part, by its heading on the page of the plan. */
  part: string
  differences: PlanDifference[]
  /** How many differences are left out. */
  more: number
}

/** Digests and ids of commits by their first characters. */
export const shortDigests = (text: string): string =>
  text.replace(/\b[0-9a-f]{32,64}\b/g, (digest) => `${digest.slice(0, 12)}…`)
