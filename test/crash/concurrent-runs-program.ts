import { writeSync } from 'node:fs'
import { withGroupCommit } from '../../src/store/group-commit.ts'
import { openRunStore } from '../../src/store/sqlite/open-run-store.ts'
import { firstStep, mine, stepAfter } from '../store/step-fixture.ts'

// A process that moves many runs on at once until it is killed, and says of each step that it was answered as saved.
const [file = '', migrationsDirectory = '', writerThread = '', count = ''] = process.argv.slice(2)

const store = withGroupCommit(openRunStore({ file, migrationsDirectory, writerThread }), () => Number(count))
const said = (runId: string, seq: number) => writeSync(1, `${runId} ${seq}\n`)

for (let each = 0; each < Number(count); each += 1) void onward()

async function onward(): Promise<void> {
  const first = firstStep({ run: { runId: `ictr-${process.pid}-${Math.random().toString(16).slice(2)}` } })
  await store.create(first, mine)
  said(first.run.runId, 1)
  for (let run = first.run; ; ) {
    const step = stepAfter(run)
    await store.advance(step, mine)
    said(run.runId, step.run.seq)
    run = step.run
  }
}
