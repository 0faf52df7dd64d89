import type { Effect } from '../../domain/effect.ts'
import { effectsByName } from '../../machine/define-effect.ts'
import type { CutDeps } from './deps.ts'
import { closeout } from './phases/closeout.ts'
import { cutLegA } from './phases/cut-leg-a.ts'
import { cutplan } from './phases/cutplan.ts'
import { grantProbe } from './phases/grant-probe.ts'
import { legBRecord } from './phases/leg-b-record.ts'
import { lifecycleEnact } from './phases/lifecycle-enact.ts'
import { mark } from './phases/mark.ts'
import { preWriteBackup } from './phases/pre-write-backup.ts'
import { recheckCut } from './phases/recheck-cut.ts'
import { recheckLifecycle } from './phases/recheck-lifecycle.ts'
import { sourcePin } from './phases/source-pin.ts'
import { structuralVerify } from './phases/structural-verify.ts'
import { writeVerify } from './phases/write-verify.ts'

export { admitCut } from './admit-cut.ts'
export type { CutDeps } from './deps.ts'

/** Returns the effects of a cut, by the names that its chart invokes. */
export function cutEffects(deps: CutDeps): Record<string, Effect> {
  const effects: Effect[] = [
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
  return effectsByName(effects.map((effect): Effect => ({ ...effect, quotesDocument: true })))
}
