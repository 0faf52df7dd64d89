/** The rules of one gate, from cutter.yaml. */
export interface ApprovalPolicy {
  /** How many hours an approval counts at most, whatever the statement says. */
  validHours: number
  /** The only principals whose approvals count. Everyone in allowed_signers when left out. */
  of?: string[]
  /** How many people must approve a live run. 1 when left out. */
  need?: number
  /** Whether a live run refuses the approval of its own operator. True when left out. */
  fourEyes?: boolean
}
