import { expect, test } from 'vitest'
import { openStore } from '../../src/app/open-store.ts'
import { aCutterHome, type CutterHome } from '../support/cli.ts'
import { builtProgram, CHARTER, describeEnding, killAfter, spawnProgram } from './crash-harness.ts'

/** The very first command of a home: it makes the store, the server's data, the template and the target, and dies over it. */

test.each([100, 250, 500, 800, 1_100, 1_500])(
  'a first start that is killed after %i ms is simply typed again',
  async (ms) => {
    const at = aCutterHome()
    try {
      at.file('charter.md', CHARTER)
      const input = ['--document', 'CHARTER', '--source', 'charter.md', '--key', 'first']
      const start = () => spawnProgram(at, builtProgram(at), ['run', 'start', 'cut', ...input, '--json'])
      await killAfter(start(), ms)

      // The same key: a run that the dead one has made is answered as it is, and taken up where it was left.
      const again = await start().ended
      expect(again, describeEnding(again)).toMatchObject({ code: 0 })
      const { runId, status } = JSON.parse(again.stdout) as { runId: string; status: string }
      if (status === 'working') {
        const resumed = await spawnProgram(at, builtProgram(at), ['run', 'resume', runId, '--json']).ended
        expect(resumed, describeEnding(resumed)).toMatchObject({ code: 0 })
      }
      expect(await runsOf(at)).toMatchObject([{ runId, status: 'paused', gate: 'SG1' }])
    } finally {
      // Throws when a server was left behind.
      await at.remove()
    }
  },
)

async function runsOf({ home }: CutterHome) {
  const store = openStore(home)
  const runs = await store.list({ limit: 10 })
  await store.close()
  return runs
}
