export type Decision = 'approve' | 'reject'

/** What became of a decision, in one sentence. */
export interface Verdict {
  isGood: boolean
  text: string
}
