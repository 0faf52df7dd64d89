import { CutterError } from './errors.ts'

/** A run whose record does not hold: it is neither shown nor moved. Others are not concerned. */
export function tamperedRunError(runId: string, what: string): CutterError {
  return new CutterError('STORE_TAMPERED', `run ${runId} can't be trusted: ${what}. Other runs go on.`, {
    next: `compare with a backup of the store; see: cutter run history ${runId}`,
    data: { runId },
  })
}
