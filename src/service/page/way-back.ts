/** How what a write of a shipped machine has done is taken back, as the end of “can be taken back: …”. */
const WAYS_BACK: { [write: string]: string } = {
  'cut.cut_leg_a': 'it writes drafts, which are not in force; a later cut retires them',
  'cut.leg_b_record': 'it adds rows to the record of decisions, which put nothing into force',
  'cut.write_verify': 'it records what the verifier found, which puts nothing into force',
  'deploy.transfer_promote': 'the machine rollback points to the release before',
  'rollback.take_back': 'a later deploy or rollback points to another release',
}

/** How a write is taken back; null where Cutter knows no way, so that people must count it as final. */
export const findWayBack = (machine: string, phase: string): string | null =>
  WAYS_BACK[`${machine}.${phase}`] ?? null
