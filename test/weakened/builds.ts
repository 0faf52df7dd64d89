import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { REFUSALS, type RefusalReason } from '../../src/approvals/refusal.ts'
import type { Weakened } from './edit.ts'
import { INVARIANTS } from './invariants.ts'
import { filesIn, ROOT } from './source-tree.ts'
import { weakenKeeper } from './weakened-invariants.ts'
import { weakenRefusal } from './weakened-refusals.ts'

/** A weakened build, and the test files of which at least one test must be red with it. */
export interface WeakenedBuild extends Omit<Weakened, 'subject'> {
  /** More than one where a place refuses for several reasons. */
  subjects: string[]
  tests: string[]
}

/** Rooms of tests that read the source itself. Other tests run the built program, or need minutes. */
const ROOMS = ['approvals', 'engine', 'machines', 'machine']

/** All weakened builds: of each reason of a refusal with the tests that name it, and of each invariant with those of its table. */
export function weakenedBuilds(): WeakenedBuild[] {
  const files = ROOMS.flatMap((room) => filesIn(`test/${room}`, '.test.ts'))
  const texts = files.map((file) => ({ file, text: readFileSync(join(ROOT, file), 'utf8') }))
  const naming = (reason: string) =>
    texts.filter(({ text }) => new RegExp(`\\b${reason}\\b`).test(text)).map(({ file }) => file)
  const reasons = Object.keys(REFUSALS) as RefusalReason[]
  return joined([
    ...reasons.flatMap((reason) => weakenRefusal(reason).map((one) => ({ ...one, tests: naming(reason) }))),
    ...Object.entries(INVARIANTS).flatMap(([invariant, keepers]) =>
      keepers.flatMap((keeper) =>
        weakenKeeper(invariant, keeper).map((one) => ({ ...one, tests: keeper.tests })),
      ),
    ),
  ])
}

/** The same edit for several subjects is one build. */
function joined(all: (Weakened & { tests: string[] })[]): WeakenedBuild[] {
  const builds = new Map<string, WeakenedBuild>()
  for (const { subject, name, edits, tests } of all) {
    const key = JSON.stringify(edits)
    const { subjects, tests: known } = builds.get(key) ?? { subjects: [], tests: [] }
    builds.set(key, {
      subjects: [...subjects, subject],
      name,
      edits,
      tests: [...new Set([...known, ...tests])],
    })
  }
  return [...builds.values()]
}

/** As many builds as asked for, spread over all. Each day takes others. */
export function sampleOf(builds: WeakenedBuild[], size: number, now: Date): WeakenedBuild[] {
  const step = Math.max(1, Math.floor(builds.length / size))
  const first = Math.floor(now.getTime() / 86_400_000) % step
  return builds.filter((_, index) => index % step === first).slice(0, size)
}
