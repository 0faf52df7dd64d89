import type pg from 'pg'
import { aCutterHome, type CutterHome } from '../support/cli.ts'
import { aSigner, charter, enableExecution, LIVE } from '../support/cli-steps.ts'

/** A home that allows live runs, with a running server, an initialised target, a signer and a short document. */
export interface LiveHome {
  at: CutterHome
  /** Alice's private key. */
  key: string
  superuser: pg.Client
}

/** Creates such a home with `small.md`, which has two articles. The caller removes it by `at.remove()`. */
export async function aLiveHome(): Promise<LiveHome> {
  const at = aCutterHome(LIVE)
  const key = aSigner(at)
  at.file('small.md', charter('One.', 'Two.'))
  await at.server()
  await enableExecution(at)
  await at.cutter(['target', 'init', 'embedded'])
  return { at, key, superuser: await at.superuser() }
}
