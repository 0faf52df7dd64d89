import { resolve } from 'node:path'
import { profileNames } from '../../document/scan.ts'
import type { Effect } from '../../domain/effect.ts'
import { CutterError } from '../../domain/errors.ts'
import type { Json } from '../../domain/json.ts'
import { checkedAccept } from './accept.ts'
import { closeout } from './closeout.ts'
import { cutplan } from './cutplan.ts'
import { grantProbe } from './grant-probe.ts'
import { cutLegA } from './leg-a.ts'
import { legBRecord } from './leg-b.ts'
import { lifecycleEnact } from './lifecycle-enact.ts'
import { mark, scanned } from './mark.ts'
import { preWriteBackup } from './pre-write-backup.ts'
import { recheckCut, recheckLifecycle } from './recheck.ts'
import { sourcePin } from './source-pin.ts'
import { structuralVerify } from './structural-verify.ts'
import type { CutWorld } from './world.ts'
import { writeVerify } from './write-verify.ts'

export type { CutWorld } from './world.ts'

/** The effects of a cut, by the names that the machine invokes. */
export function cutEffects(world: CutWorld): Record<string, Effect> {
  const effects = [
    sourcePin(world),
    mark(world),
    cutplan(world),
    preWriteBackup(world),
    grantProbe(world),
    recheckCut(world),
    cutLegA(world),
    structuralVerify(world),
    legBRecord(world),
    writeVerify(world),
    recheckLifecycle(world),
    lifecycleEnact(world),
    closeout(world),
  ]
  return Object.fromEntries(
    effects.map((effect) => [effect.name, { ...(effect as unknown as Effect), quotesDocument: true }]),
  )
}

/** Settles what a cut is started with, or refuses it before there is a run: source known and readable, profile, target. */
export async function admitCut(
  world: CutWorld,
  input: { [key: string]: Json },
): Promise<{ [key: string]: Json }> {
  const document = input.document as string
  const registered = world.documents[document]
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
  const known = profileNames(world.profiles)
  if (profile !== undefined && !known.includes(profile)) {
    throw new CutterError('INPUT_REFUSED', `there is no profile ${profile}; nothing was touched`, {
      next: `known are: ${known.join(', ')}`,
    })
  }
  const accept = input.accept === undefined ? undefined : checkedAccept(input.accept as string)
  // Opening the embedded target would start its server; a configured one is only looked up, and connects to nothing yet.
  if (input.target !== 'embedded') await world.target(input.target as string)
  const path = resolve(source)
  // Scanned once already here: what can't be read as a document at all never becomes a run.
  scanned(world, await world.readSource(path), { document, profile })
  return {
    ...{ ...input, document, source: path },
    ...(profile === undefined ? {} : { profile }),
    ...(accept === undefined ? {} : { accept }),
  }
}
