/** Revision of the executor, for its signature; the verifier's has to differ. */
export const EXECUTOR_REVISION = 'cutter-executor/1'

/** Derives the ids of a run's governance rows from the run, so that a second attempt cannot write them twice. */
export const governanceIds = (runId: string) => ({
  changeSetId: `cs-${runId}`,
  envelopeId: `me-${runId}`,
  backlogId: `bl-${runId}`,
  sweepId: `sw-${runId}`,
  executorSignatureId: `sg-${runId}-executor`,
})

/** The run that made a change set; null if another program did. */
export const runOfChangeSet = (changeSetId: string): string | null =>
  /^cs-(.+-\d{8}T\d{6}Z-[0-9a-f]{8})$/.exec(changeSetId)?.[1] ?? null
