import type { Home } from '../../app/open-home.ts'
import { parseAllowedSigners } from '../../approvals/openssh/allowed-signers.ts'
import { readSignersText } from '../../approvals/trust-files.ts'
import { explain } from '../../engine/explain.ts'
import { isFinalPath } from '../inbox.ts'
import { findRun } from '../runs/find-run.ts'
import { findWayBack } from './way-back.ts'

/** A state on the path after a yes. */
interface StepAhead {
  state: string
  phase: string | null
  kind: 'read' | 'write' | null
  /** How a write is taken back; null for a read, and where no way is known. */
  wayBack: string | null
  /** Whether it is a live write without a known way back. */
  isFinal: boolean
}

export interface GateAhead {
  isFinal: boolean
  /** Up to the next pause or end. */
  steps: StepAhead[]
  passkeys: Passkeys | null
}

/** Where passkeys may sign at a gate, and the ones that are listed, so that a page finds out which of them signed. */
interface Passkeys {
  origins: string[]
  /** Null: those of all listed keys. */
  rpIds: string[] | null
  keys: { principal: string; publicKey: string }[]
}

/** The type of keys that browsers sign with. */
const PASSKEY = 'sk-ecdsa-sha2-nistp256@openssh.com'

/**
 * What would happen after an approval now, with how each write is taken back.
 * @throws RUN_NOT_FOUND, STORE_TAMPERED, USAGE when several runs match
 */
export async function readGateAhead(home: Home, { run: text }: { run: string }): Promise<GateAhead> {
  const run = await findRun(home, text)
  const { deps } = await home.app()
  const { ifApproved } = await explain(deps, run.runId)
  const steps = ifApproved.map(({ state, phase, kind }) => {
    const wayBack = kind === 'write' && phase !== null ? findWayBack(run.machine, phase) : null
    const isFinal = run.mode === 'live' && kind === 'write' && wayBack === null
    return { state, phase, kind, wayBack, isFinal }
  })
  if (run.gate === null) return { isFinal: false, steps, passkeys: null }
  const { origins = [], rpIds } = deps.policy(run.machine, run.gate)
  const lines = parseAllowedSigners(await readSignersText(deps.trust))
  const keys = lines
    .filter(({ key }) => key.startsWith(`${PASSKEY} `))
    .flatMap(({ key, principals }) =>
      principals.map((principal) => ({ principal, publicKey: key.split(/\s+/).slice(0, 2).join(' ') })),
    )
  return {
    isFinal: isFinalPath(run.machine, run.mode, ifApproved),
    steps,
    passkeys: { origins, rpIds: rpIds ?? null, keys },
  }
}
