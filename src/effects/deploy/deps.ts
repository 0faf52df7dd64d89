import type { KeepableHost } from '../../targets/ssh/kept-hosts.ts'
import type { Tools } from '../../tools/open-tools.ts'
import type { AdoptedRelease } from './adopted-release.ts'

/** What the effects of a deploy reach: hosts and files. The app provides it. */
export interface DeployDeps {
  /**
   * Opens a host by its name in cutter.yaml, or by an alias of ~/.ssh/config. `newLogin`: over a connection made now.
   * @throws STOP_HOST_UNREACHABLE, STOP_HOST_REFUSED, STOP_HOST_KEY_UNKNOWN or STOP_HOST_KEY_CHANGED when it can't; nothing was sent then.
   */
  host(name: string, signal: AbortSignal, options?: { newLogin: boolean }): Promise<KeepableHost>
  /**
   * The parsed content of a checks file.
   * @throws INPUT_REFUSED when the file can't be read.
   */
  readChecks(path: string): Promise<unknown>
  /** Whether the rollback may be rehearsed next to the target before the plan is approved. */
  mayRehearseRollback(host: string): boolean
  /** The releases that this home has adopted, the newest adoption of each. */
  adopted(): Promise<AdoptedRelease[]>
  /** Where git is found. */
  tools: Tools
}
