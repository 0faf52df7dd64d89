import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe } from 'vitest'
import { aCutterHome, type CutterHome } from '../support/cli.ts'
import { ALICE, aSigner, enableExecution, LIVE } from '../support/cli-steps.ts'
import {
  createDeployFixture,
  type DeployFixture,
  hashFolder,
  listEntries,
} from '../support/deploy-fixture.ts'
import { type Sshd, startSshd } from '../support/sshd.ts'
import { type Story, testEveryCall } from './every-call.ts'
import { storyOfRuns } from './run-story.ts'

/** The deploy, killed at any call of any of its commands: what it sends to the host are writes to a socket. */

const CHECKS = `checks: [{ name: runs, run: [python3, app.py, --version] }]
rehearsal: { run: [python3, app.py, rehearse], refused: [python3, app.py, live], counts: [python3, app.py, count] }
skeleton: { folders: [runs], files: { app.yaml: "live: false" } }
build: { run: "mkdir -p runs" }
tolerate: [listening-ports, running-services]
`

describe.each(['dry-run', 'live'] as const)('a %s of the deploy', (mode) => {
  let sshd: Sshd
  let d: DeployFixture
  let at: CutterHome
  let story: Story
  let close: () => Promise<void>
  beforeAll(async () => {
    sshd = await startSshd()
    d = await createDeployFixture(sshd)
    at = aCutterHome(`${LIVE}hosts: { box: { ssh: web, rehearseRollback: true } }\n`)
    at.env.HOME = sshd.home
    const key = aSigner(at, ALICE, 'cutter.*')
    await enableExecution(at)
    const checks = d.checks(CHECKS)
    const target = (piece: string) => join(d.srv, piece)
    const made = await storyOfRuns({
      name: `deploy, ${mode}`,
      at,
      mode,
      key,
      startArgs: (piece) => [
        'deploy',
        ...['--source', d.repository, '--commit', d.commit, '--host', 'box', '--path', target(piece)],
        ...['--previous', d.old, '--checks', checks],
      ],
      world: async (piece) => ({
        deployed: existsSync(target(piece)) ? listEntries(target(piece)) : null,
        // Targets of pieces alone may be there: a live one leaves itself and nothing else.
        leftovers: listEntries(d.srv).filter((name) => !/^(first|undisturbed|piece-\d+|app-1)$/.test(name)),
        previous: hashFolder(d.old),
      }),
    })
    story = made.story
    close = made.close
  }, 300_000)
  afterAll(async () => {
    await close()
    await at.remove()
    await d.remove()
    await sshd.stop()
  })
  testEveryCall({
    name: `deploy, ${mode}`,
    points: 4,
    at: () => at,
    next: (piece) => story.next(piece),
    result: (piece) => story.result(piece),
  })
})
