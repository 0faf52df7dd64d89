import { resolve } from 'node:path'
import { listProfileNames } from '../../document/profiles/get-profile.ts'
import type { Effect } from '../../domain/effect.ts'
import { CutterError } from '../../domain/errors.ts'
import type { Json } from '../../domain/json.ts'
import { assertAcceptableCodes } from './accepted-problems.ts'
import type { CutDeps } from './deps.ts'
import { closeout } from './phases/closeout.ts'
import { cutLegA } from './phases/cut-leg-a.ts'
import { cutplan } from './phases/cutplan.ts'
import { grantProbe } from './phases/grant-probe.ts'
import { legBRecord } from './phases/leg-b-record.ts'
import { lifecycleEnact } from './phases/lifecycle-enact.ts'
import { mark, scanSource } from './phases/mark.ts'
import { preWriteBackup } from './phases/pre-write-backup.ts'
import { recheckCut, recheckLifecycle } from './phases/recheck-cut.ts'
import { sourcePin } from './phases/source-pin.ts'
import { structuralVerify } from './phases/structural-verify.ts'
import { writeVerify } from './phases/write-verify.ts'

export type { CutDeps } from './deps.ts'

/** The effects of a cut, by the names that the machine invokes. */
export function cutEffects(deps: CutDeps): Record<string, Effect> {
  const effects = [
    sourcePin(deps),
    mark(deps),
    cutplan(deps),
    preWriteBackup(deps),
    grantProbe(deps),
    recheckCut(deps),
    cutLegA(deps),
    structuralVerify(deps),
    legBRecord(deps),
    writeVerify(deps),
    recheckLifecycle(deps),
    lifecycleEnact(deps),
    closeout(deps),
  ]
  return Object.fromEntries(
    effects.map((effect) => [effect.name, { ...(effect as unknown as Effect), quotesDocument: true }]),
  )
}

/** Settles what a cut is started with, or refuses it before there is a run: source known and readable, profile, target. */
export async function admitCut(
  deps: CutDeps,
  input: { [key: string]: Json },
): Promise<{ [key: string]: Json }> {
  const document = input.document as string
  const registered = deps.documents[document]
  const source = (input.source as string | undefined) ?? registered?.source
  if (source === undefined) {
    throw new CutterError(
      'INPUT_REFUSED',
      `document ${document} is not registered in cutter.yaml and no source was given; nothing was touched`,
      {
        next: `cutter run start cut --document ${document} --source <file>`,
      },
    )
  }
  const profile = (input.profile as string | undefined) ?? registered?.profile
  const known = listProfileNames(deps.profiles)
  if (profile !== undefined && !known.includes(profile)) {
    throw new CutterError('INPUT_REFUSED', `there is no profile ${profile}; nothing was touched`, {
      next: `known are: ${known.join(', ')}`,
    })
  }
  const accept = input.accept === undefined ? undefined : assertAcceptableCodes(input.accept as string)
  // Opening the embedded target would start its server; a configured one is only looked up, and connects to nothing yet.
  if (input.target !== 'embedded') await deps.target(input.target as string)
  const path = resolve(source)
  // Scanned once already here: what can't be read as a document at all never becomes a run.
  scanSource(deps, await deps.readSource(path), { document, profile })
  return {
    ...{ ...input, document, source: path },
    ...(profile === undefined ? {} : { profile }),
    ...(accept === undefined ? {} : { accept }),
  }
}
