import { expect, test } from 'vitest'
import { openStore } from '../../src/app/open-store.ts'
import { aCutterHome, type CutterHome } from '../support/cli.ts'
import { builtProgram, CHARTER, describeEnding, killAfter, spawnProgram } from './crash-harness.ts'

// The first command of a home makes the store, the server's data, the template and the target. It is killed at different moments.

test.each([100, 250, 500, 800, 1_100, 1_500])(
  'a first start that is killed after %i ms succeeds when it is repeated',
  async (ms) => {
    const at = aCutterHome()
    try {
      at.file('charter.md', CHARTER)
      const input = ['--document', 'CHARTER', '--source', 'charter.md', '--key', 'first']
      const start = () => spawnProgram(at, builtProgram(at), ['run', 'start', 'cut', ...input, '--json'])
      await killAfter(start(), ms)

      // With the same key, the answer is the run that the dead process made, if there is one. It is then resumed.
      const again = await start().ended
      expect(again, describeEnding(again)).toMatchObject({ code: 0 })
      const { runId, status } = JSON.parse(again.stdout) as { runId: string; status: string }
      if (status === 'working') {
        const resumed = await spawnProgram(at, builtProgram(at), ['run', 'resume', runId, '--json']).ended
        expect(resumed, describeEnding(resumed)).toMatchObject({ code: 0 })
      }
      expect(await listRuns(at)).toMatchObject([{ runId, status: 'paused', gate: 'SG1' }])
    } finally {
      // Throws when a server is left.
      await at.remove()
    }
  },
)

async function listRuns({ home }: CutterHome) {
  const store = openStore(home)
  const runs = await store.list({ limit: 10 })
  await store.close()
  return runs
}
