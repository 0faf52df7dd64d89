import { type App, openApp } from '../../src/app/open-app.ts'
import type { Mode, Run } from '../../src/domain/run.ts'
import type { CutterHome } from '../support/cli.ts'
import { ALICE } from '../support/cli-steps.ts'
import type { Story } from './every-call.ts'

/** Runs as a story: each is started under its own key, and continued by whatever its state asks for. */

export interface RunStory {
  name: string
  at: CutterHome
  mode: Mode
  /** The private key of the approver. */
  key: string
  /** What `run start` gets besides mode and key. */
  startArgs(piece: string): string[]
  /** What the run left in the world. */
  world(piece: string, run: Run): Promise<unknown>
}

/** @returns the story, and what closes its view of the store */
export async function storyOfRuns(given: RunStory): Promise<{ story: Story; close(): Promise<void> }> {
  const { at, mode, key, startArgs } = given
  const app: App = await openApp({ home: at.home, env: at.env, interrupt: new AbortController().signal })
  const keyOf = (piece: string) => `${mode}-${piece}`
  const found = (piece: string) => app.store.runByKey(keyOf(piece))
  const story: Story = {
    name: given.name,
    at: () => at,
    async next(piece) {
      const run = await found(piece)
      if (run === null)
        return ['run', 'start', ...startArgs(piece), '--mode', mode, '--key', keyOf(piece), '--json']
      if (run.status === 'closed') return null
      if (run.status !== 'paused') return ['run', 'resume', run.runId, '--json']
      const unused = (await app.store.approvals(run.runId)).find(
        ({ usedSeq, statement }) => usedSeq === null && statement.gate === run.gate,
      )
      if (unused !== undefined) return ['run', 'resume', '--approval', unused.approvalId, '--json']
      const how = mode === 'live' ? ['sign', run.runId, '--as', ALICE, '--key', key] : ['rehearse', run.runId]
      return ['approval', ...how, '--reason', 'read', '--json']
    },
    async result(piece) {
      const run = (await found(piece))!
      const history = await app.store.history(run.runId)
      return {
        state: run.state,
        outcome: run.outcome,
        path: history.map(({ event, state }) => `${event.type} ${state}`),
        numbers: history.every(({ seq }, index) => seq === index + 1),
        leases: await app.store.effects(run.runId),
        timers: await app.store.timers(run.runId),
        used: (await app.store.approvals(run.runId)).filter(({ usedSeq }) => usedSeq !== null).length,
        world: await given.world(piece, run),
      }
    },
  }
  return { story, close: () => app.close() }
}
