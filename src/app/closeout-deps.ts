import { hostname } from 'node:os'
import { join } from 'node:path'
import type { RunRecord } from '../bundle/run-record.ts'
import type { CloseoutDeps } from '../bundle/sign-closeout.ts'
import type { BundleDeps } from '../bundle/write-bundle.ts'
import type { Config } from '../config/load-config.ts'
import { systemClock } from '../domain/clock.ts'
import type { RunStore } from '../store/run-store.ts'
import { openTools, type Tools } from '../tools/open-tools.ts'

/** Returns what signing a closeout needs of a home. The instance's key is in the same folder as the store. */
export function closeoutDeps(home: string, store: RunStore, tools: Tools | undefined): CloseoutDeps {
  return { store, clock: systemClock, folder: join(home, 'var'), host: hostname(), tools }
}

/** A bundle waits at most this long for proofs of time that are missing, in milliseconds. */
const PATIENCE = 6_000

interface BundleOptions {
  /** The folder of the home. */
  home: string
  store: RunStore
  config: Pick<Config, 'tools' | 'evidence'>
  interrupt: AbortSignal
}

/** Returns what writing an evidence bundle needs of a home. */
export function bundleDeps({ home, store, config, interrupt }: BundleOptions): BundleDeps {
  const tools = openTools(config.tools)
  const { evidence } = config
  return {
    ...closeoutDeps(home, store, tools),
    renderPage: pageOfRecord,
    async completeProofs(run) {
      if (evidence.timestamp === undefined && evidence.log === undefined) return []
      const missing: string[] = []
      const warn = (text: string) => void missing.push(text)
      const { completeProofs } = await import('./proofs/complete-proofs.ts')
      await completeProofs({ home, store, tools, interrupt, warn, patience: PATIENCE }, evidence, run)
      return missing
    },
  }
}

/** Makes the page about a run from the record of its bundle. */
export async function pageOfRecord({ genesis, run, history, approvals, bytes }: RunRecord): Promise<string> {
  const { makeRunPage } = await import('../reports/make-run-page.ts')
  const { planSource } = await import('./plan-source.ts')
  const source = planSource(async (digest) => bytes.get(digest) ?? null)
  return makeRunPage({ genesis, run, history, approvals, ...source })
}
