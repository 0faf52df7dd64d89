/** A signature of the end of a run: OpenSSH's signature of the closeout by the instance, or of a countersignature by a person. */
export type CloseoutSignature = {
  runId: string
  /** A principal as in allowed_signers; the instance's own is `cutter-instance@<host where its key was made>`. */
  signer: string
  /** The exact bytes that were signed, as UTF-8 text. */
  statementText: string
  signature: string
  at: string
} & (
  | { kind: 'instance' /** A line as in a `.pub` file, without its newline. */; publicKey: string }
  | { kind: 'countersign'; publicKey: null }
)
