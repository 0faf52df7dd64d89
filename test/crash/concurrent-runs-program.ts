import { writeSync } from 'node:fs'
import { withGroupCommit } from '../../src/store/group-commit.ts'
import { openRunStore } from '../../src/store/sqlite/open-run-store.ts'
import { firstStep, mine, stepAfter } from '../store/step-fixture.ts'

// A process that advances many runs concurrently until it is killed. It prints each step that the store acknowledged as saved.
const [file = '', migrationsDirectory = '', writerThread = '', count = ''] = process.argv.slice(2)

const store = withGroupCommit(openRunStore({ file, migrationsDirectory, writerThread }), () => Number(count))
const printSaved = (runId: string, seq: number) => writeSync(1, `${runId} ${seq}\n`)

for (let started = 0; started < Number(count); started += 1) void advanceRun()

async function advanceRun(): Promise<void> {
  const first = firstStep({ run: { runId: `ictr-${process.pid}-${Math.random().toString(16).slice(2)}` } })
  await store.create(first, mine)
  printSaved(first.run.runId, 1)
  for (let run = first.run; ; ) {
    const step = stepAfter(run)
    await store.advance(step, mine)
    printSaved(run.runId, step.run.seq)
    run = step.run
  }
}
