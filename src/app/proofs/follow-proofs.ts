import type { EvidenceConfig } from '../../config/evidence-schema.ts'
import type { Approval } from '../../domain/approval.ts'
import type { Run } from '../../domain/run.ts'
import type { RunStore } from '../../store/run-store.ts'
import type { Tools } from '../../tools/open-tools.ts'

interface FollowOptions {
  home: string
  store: RunStore
  tools: Tools
  interrupt: AbortSignal
  /** `evidence` of cutter.yaml as it is now. */
  evidence(): EvidenceConfig
  warn(text: string): void
}

/** Asks for proofs of time while a process works. Nobody waits for them. */
export interface FollowedProofs {
  /** An approval was saved. */
  approvalSaved(approval: Approval): void
  /** A run has closed, and its closeout is signed if it could be. */
  closed(run: Run): void
  /** Resolves when all that were asked for have come or failed. */
  settled(): Promise<void>
}

/** The proofs of time of a home. The code that asks for them is loaded when cutter.yaml names somebody to ask. */
export function followProofs({ evidence, ...deps }: FollowOptions): FollowedProofs {
  const asked = new Set<Promise<void>>()
  const begin = (work: () => Promise<void>) => {
    const one = work()
      .catch((error: Error) => deps.warn(`no proof of time: ${error.message}; the run is not affected`))
      .finally(() => void asked.delete(one))
    asked.add(one)
  }
  return {
    approvalSaved(approval) {
      const now = evidence()
      if (now.timestamp === undefined) return
      begin(async () => (await import('./complete-proofs.ts')).keepApprovalToken(deps, now, approval))
    },
    closed(run) {
      const now = evidence()
      if (now.timestamp === undefined && now.log === undefined) return
      begin(async () => (await import('./complete-proofs.ts')).completeProofs(deps, now, run))
    },
    async settled() {
      while (asked.size > 0) await Promise.all(asked)
    },
  }
}

/** A store that tells when an approval was saved. */
export const withProofs = (store: RunStore, proofs: () => FollowedProofs): RunStore => ({
  ...store,
  async saveApproval(approval) {
    await store.saveApproval(approval)
    proofs().approvalSaved(approval)
  },
})
