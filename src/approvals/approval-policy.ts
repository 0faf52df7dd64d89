/** What the policy of a gate asks of the keys that sign. */
export interface KeyPolicy {
  /**
   * Whether a signature must show that somebody touched the key. Left out: `required` of security keys, and no other key has to show it.
   * `required` asks it of every key, and keys in files cannot show it.
   */
  presence?: Wanted | undefined
  /** The same for a check of who touched it, by PIN or fingerprint. Left out: `preferred`, which refuses nothing. */
  verification?: Wanted | undefined
  /** The web origins, such as `https://cutter.example.org`, whose pages may ask for signatures. None when left out. */
  origins?: string[] | undefined
  /** The RP ids under which passkeys may be registered. Those of all listed keys when left out. */
  rpIds?: string[] | undefined
}

type Wanted = 'required' | 'preferred'

/** The rules of one gate, from cutter.yaml. */
export interface ApprovalPolicy extends KeyPolicy {
  /** How many hours an approval counts at most, whatever the statement says. */
  validHours: number
  /** The only principals whose approvals count. Everyone in allowed_signers when left out. */
  of?: string[] | undefined
  /** How many people must approve a live run. 1 when left out. */
  need?: number | undefined
  /** Whether a live run refuses the approval of its own operator. True when left out. */
  fourEyes?: boolean | undefined
}
