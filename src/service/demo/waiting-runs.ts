import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { CHARTER } from './charter.ts'
import type { DemoStage } from './demo-stage.ts'
import { passSigned, sayPause, startCut } from './demo-steps.ts'
import { approverKeyFile, enableExecution } from './live-story.ts'

/** How long live writes stay allowed for whoever tries the page, in milliseconds. */
const SWITCH_MS = 2 * 3_600_000

const AMENDED = CHARTER.replace('lent for seven days', 'lent for nine days').replace(
  'Nobody works alone with the saw after dark.',
  'Nobody works alone with the saw.',
)
const BYLAWS = CHARTER.replace('# Charter of the Common Workshop', '# Bylaws of the Common Workshop')

/** The last chapter before the page: runs that wait for people, one of them before a step that can't be taken back. */
export async function tellWaitingRuns(stage: DemoStage, isLive: boolean): Promise<void> {
  const { say } = stage
  say('# 7. Runs that wait, for the page')
  const source = (name: string, text: string) => {
    const file = join(stage.home, name)
    writeFileSync(file, text)
    return file
  }
  const amended = { document: 'CHARTER', source: source('amended.md', AMENDED) }
  const bylaws = { document: 'BYLAWS', source: source('bylaws.md', BYLAWS) }
  if (!isLive) return sayPause(stage, await startCut(stage, 'dry-run', bylaws))
  await enableExecution(stage, SWITCH_MS)
  const planned = await startCut(stage, 'live', amended)
  const drafted = await passSigned(stage, planned, approverKeyFile(stage.home))
  sayPause(stage, drafted)
  sayPause(stage, await startCut(stage, 'live', bylaws))
}
