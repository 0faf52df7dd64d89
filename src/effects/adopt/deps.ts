import type { DeployDeps } from '../deploy/deps.ts'

/** A closed deploy of another home, as an evidence bundle proves it. */
export interface ProvenDeploy {
  runId: string
  planDigest: string
  /** The output of the run. */
  output: unknown
  /** SHA-256 of the bundle. */
  sha256: string
  /** Whom of this home's signers the bundle relies on. */
  signers: string[]
  /** The bytes of its evidence, by digest. */
  evidence: Map<string, Uint8Array>
}

/** What the effects of an adoption reach. The app provides it. */
export interface AdoptDeps extends Pick<DeployDeps, 'host'> {
  /**
   * Reads an evidence bundle, and verifies it against the signers of this home.
   * @throws INPUT_REFUSED when it does not hold, nobody of them vouches for all of it, it is not of a closed live deploy that succeeded, or this home
   * made that deploy itself
   */
  readBundle(path: string): Promise<ProvenDeploy>
}
