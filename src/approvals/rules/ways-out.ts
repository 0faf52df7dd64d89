import { ABANDON_GATE } from '../../domain/approval.ts'
import type { Run } from '../../domain/run.ts'
import type { Trust } from '../trust-files.ts'

/** Describes what people can do about a live run that too few people may approve. One person who may approve is enough to void it. */
export function describeWaysOut(
  { runId, gate }: Pick<Run, 'runId' | 'gate'>,
  { allowedSigners }: Pick<Trust, 'allowedSigners'>,
  isVoidable: boolean,
): string {
  const further = `have the owner of ${allowedSigners} list an approver who does not operate the run`
  if (gate === ABANDON_GATE) return further
  const end = isVoidable
    ? `cutter run void ${runId} --reason <text> --as <principal> --key <file>`
    : `cutter run cancel ${runId} --reason <text>`
  return `${further}; or end the run: ${end}`
}
