import type { Home } from '../../app/open-home.ts'
import { definedOnly } from '../defined.ts'
import type { RunAnswer } from './run-answer.ts'
import { startRun } from './start.ts'

export interface AdoptReleaseInput {
  /** Path of the evidence bundle of the deploy that made the release. */
  bundle: string
  /** Name that the host of the deploy has in this home, where it differs. Of several hosts each of these: `web1=shop1,web2=shop2`. */
  host?: string | undefined
  /** The same key and bundle always return the same run. */
  key?: string | undefined
  /** Label of the operator. */
  by?: string | undefined
}

/**
 * Starts a run of the machine `adopt`: it recognises a release that another home deployed, by its manifest and evidence bundle. It only
 * reads, so that it is a dry run.
 * @throws INPUT_REFUSED when the bundle does not verify against the signers of this home, and what `startRun` throws
 */
export function adoptRelease(home: Home, { bundle, host, key, by }: AdoptReleaseInput): Promise<RunAnswer> {
  const input = { bundle, ...definedOnly({ host }) }
  return startRun(home, { machine: 'adopt', input, mode: 'dry-run', key, by })
}
