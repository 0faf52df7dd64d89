import type { Host } from '../../src/targets/ssh/open-host.ts'
import { HostLost } from '../../src/targets/ssh/transport.ts'

/** A fault at a step on the host: before the step is sent, or after it is done there and before the client learns of it. */
interface Fault {
  step: string
  when: 'before' | 'after'
  /** `local`: the file that a step sends. */
  strike(local?: string): void | Promise<void>
}

/** Wraps a host, and strikes once at the step of the fault that is set. */
export interface FaultInjector {
  fault: Fault | null
  host(real: Host): Host
}

/** `sh -c SCRIPT NAME …`, with the token of the run before it where the script is fenced. */
const nameOfScript = (argv: readonly unknown[]) => String(argv[argv[0] === 'env' ? 5 : 3])

export function createFaultInjector(): FaultInjector {
  const struck = async <T>(step: string, work: () => Promise<T>, local?: string): Promise<T> => {
    const hit = at.fault?.step === step ? at.fault : null
    if (hit !== null) at.fault = null
    if (hit?.when === 'before') await hit.strike(local)
    const result = await work()
    if (hit?.when !== 'after') return result
    await hit.strike()
    throw new HostLost(`${step} was under way`)
  }
  const at: FaultInjector = {
    fault: null,
    host: (real) => ({
      ...real,
      run: (argv, options) => struck(nameOfScript(argv), () => real.run(argv, options)),
      put: (local, remote, options) =>
        struck(`put ${remote.split('/').at(-1)}`, () => real.put(local, remote, options), local),
    }),
  }
  return at
}
